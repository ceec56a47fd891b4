// What output_fifo owes a writer that keeps the rule: RESERVE words from each clock with room on.
// Words are numbered modulo 4 * DEPTH; the solver picks a number k, hence any word.
module output_fifo_proof #(parameter W = 2, DEPTH = `DEPTH, A = `A, RESERVE = `RESERVE) (
    input clk, input rst, input s_valid, input [W-1:0] s_data, input m_ready
);
wire m_valid, room;
wire [W-1:0] m_data;
wire [A:0] last;
wire [DEPTH-1:0] line [0:W-1];
dut dut (
    .clk(clk), .rst(rst), .s_valid(s_valid), .s_data(s_data), .m_valid(m_valid),
    .m_ready(m_ready), .m_data(m_data), .room(room),
    .\u_level.last (last), .\u_words.bits[0].line (line[0]), .\u_words.bits[1].line (line[1])
);

reg past = 0;
reg was_rst, was_valid, was_ready;
reg [W-1:0] was_data;
always @(posedge clk) begin
    past <= 1;
    was_rst <= rst;
    was_valid <= m_valid;
    was_ready <= m_ready;
    was_data <= m_data;
end
always @* if (!past) assume (rst);

// words that may still be written
reg [A:0] allowed;
wire [A:0] allowed_now = room ? RESERVE : allowed;
always @(posedge clk) allowed <= rst ? 0 : allowed_now - s_valid;
always @* if (s_valid & !rst) assume (allowed_now != 0);

(* anyconst *) wire [A+1:0] k;
reg [A+1:0] taken, given;
reg [W-1:0] want;
wire [A+1:0] held = taken - given;
wire inside = k - given < held;
wire [A+1:0] age = taken - 1 - k;
always @(posedge clk)
    if (rst) begin
        taken <= 0;
        given <= 0;
    end else begin
        if (s_valid) begin
            taken <= taken + 1;
            if (taken == k) want <= s_data;
        end
        if (m_valid & m_ready) given <= given + 1;
    end

integer b;
always @(posedge clk) if (past & !rst) begin
    // there is a place for every word that may come
    assert (allowed_now <= RESERVE);
    assert (held + allowed_now <= DEPTH);
    // nothing is lost or doubled: the level is what was written and not given
    assert (last == held[A:0] - 1'b1);
    assert (m_valid == (held != 0));
    // in order: word k lies where its age says, unchanged, and is given when its turn comes
    for (b = 0; b < W; b = b + 1)
        if (inside) assert (line[b][age[A-1:0]] == want[b]);
    if (inside && k == given) assert (m_data == want);
    // an offered word stays
    if (!was_rst & was_valid & !was_ready) begin
        assert (m_valid);
        assert (m_data == was_data);
    end
    if (was_rst) assert (!m_valid & !room);
end
endmodule
