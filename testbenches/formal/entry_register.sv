// What entry_register owes, for words of W bits and any source and sink.
// Beats are numbered modulo 16; the solver picks a number k, hence any beat.
module entry_register_proof #(parameter W = 4) (
    input clk, input rst, input s_valid, input s_first, input s_pad, input [W-1:0] s_data,
    input m_ready
);
wire s_ready, m_valid, m_first;
wire [W-1:0] m_data;
dut dut (
    .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_first(s_first), .s_pad(s_pad),
    .s_data(s_data), .m_valid(m_valid), .m_ready(m_ready), .m_first(m_first), .m_data(m_data)
);

reg past = 0;
reg was_rst, was_valid, was_ready, was_taken, was_first;
reg [W-1:0] was_data;
always @(posedge clk) begin
    past <= 1;
    was_rst <= rst;
    was_valid <= m_valid;
    was_ready <= m_ready;
    was_taken <= s_valid & s_ready;
    was_first <= m_first;
    was_data <= m_data;
end
always @* if (!past) assume (rst);

(* anyconst *) wire [3:0] k;
reg [3:0] taken, given;
reg [W:0] want;
wire [3:0] held = taken - given;
always @(posedge clk)
    if (rst) begin
        taken <= 0;
        given <= 0;
    end else begin
        if (s_valid & s_ready) begin
            taken <= taken + 1;
            if (taken == k) want <= {s_first, s_pad ? {W{1'b0}} : s_data};
        end
        if (m_valid & m_ready) given <= given + 1;
    end

always @(posedge clk) if (past & !rst) begin
    // nothing is lost or doubled: what was taken and not given is there
    assert (held <= 1);
    assert (m_valid == (held == 1));
    // in order: beat k is given when its turn comes, unchanged, or zero where it completes
    if (held == 1 && given == k) assert ({m_first, m_data} == want);
    // an offered beat stays
    if (!was_rst & was_valid & !was_ready)
        assert (m_valid && m_first == was_first && m_data == was_data);
    // a reset leaves nothing behind
    if (was_rst) assert (!m_valid);
    // latency 1, and no bubble: a beat is taken as the one before leaves
    if (!was_rst & was_taken) assert (m_valid);
    assert (s_ready == (m_ready || !m_valid));
end
endmodule
