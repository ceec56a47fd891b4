// What stream_register owes, for words of W bits and any source and sink.
// Beats are numbered modulo 16; the solver picks a number k, hence any beat.
module stream_register_proof #(parameter W = 4) (
    input clk, input rst, input s_valid, input [W-1:0] s_data, input m_ready
);
wire s_ready, m_valid;
wire [W-1:0] m_data, spare;
dut dut (
    .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data(s_data),
    .m_valid(m_valid), .m_ready(m_ready), .m_data(m_data), .spare(spare)
);

reg past = 0;
reg was_rst, was_valid, was_ready, was_taken;
reg [W-1:0] was_data;
always @(posedge clk) begin
    past <= 1;
    was_rst <= rst;
    was_valid <= m_valid;
    was_ready <= m_ready;
    was_taken <= s_valid & s_ready;
    was_data <= m_data;
end
always @* if (!past) assume (rst);

(* anyconst *) wire [3:0] k;
reg [3:0] taken, given;
reg [W-1:0] want;
wire [3:0] held = taken - given;
wire [3:0] place = k - given;
always @(posedge clk)
    if (rst) begin
        taken <= 0;
        given <= 0;
    end else begin
        if (s_valid & s_ready) begin
            taken <= taken + 1;
            if (taken == k) want <= s_data;
        end
        if (m_valid & m_ready) given <= given + 1;
    end

always @(posedge clk) if (past & !rst) begin
    // nothing is lost or doubled: what was taken and not given is there
    if (!was_rst) assert (held <= 2);
    assert (m_valid == (held != 0));
    assert ((m_valid & !s_ready) == (held == 2));
    // in order: beat k is given when its turn comes, unchanged
    if (place < held && place == 0) assert (m_data == want);
    if (place < held && place == 1) assert (spare == want);
    // an offered beat stays
    if (!was_rst & was_valid & !was_ready) begin
        assert (m_valid);
        assert (m_data == was_data);
    end
    // a reset leaves nothing behind
    if (was_rst) assert (!m_valid & !s_ready);
    // latency 1, and no bubble behind a ready sink
    if (!was_rst & was_taken) assert (m_valid);
    if (!was_rst & was_ready) assert (s_ready);
end
endmodule
