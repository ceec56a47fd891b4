// What frame_gate owes, for frames of BEATS beats and up to FRAMES verdicts that wait.
// Frames are numbered modulo 4 * FRAMES; the solver picks a number k, hence any frame.
// The FIFO before the gate holds an offered beat until it is taken.
module frame_gate_proof #(parameter W = 2, BEATS = `BEATS, FRAMES = `FRAMES, A = `A) (
    input clk, input rst, input s_valid, input [W-1:0] s_data,
    input verdict_valid, input verdict_good, input m_ready
);
wire s_ready, m_valid, m_last;
wire [W-1:0] m_data;
wire [A:0] last;
wire [FRAMES-1:0] line;
wire signed [15:0] left;
dut dut (
    .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data(s_data),
    .verdict_valid(verdict_valid), .verdict_good(verdict_good),
    .m_valid(m_valid), .m_ready(m_ready), .m_data(m_data), .m_last(m_last),
    .\u_verdicts.u_level.last (last), .\u_gate.left (left[LEFT-1:0]), `INNER
);
localparam LEFT = BEATS == 1 ? 1 : $clog2(BEATS - 1) + 1;
assign left[15:LEFT] = {(16 - LEFT){left[LEFT-1]}};

reg past = 0;
reg was_rst, was_s_valid, was_s_ready, was_m_valid, was_m_ready, was_m_last;
reg [W-1:0] was_s_data, was_m_data;
always @(posedge clk) begin
    past <= 1;
    was_rst <= rst;
    was_s_valid <= s_valid;
    was_s_ready <= s_ready;
    was_s_data <= s_data;
    was_m_valid <= m_valid;
    was_m_ready <= m_ready;
    was_m_last <= m_last;
    was_m_data <= m_data;
end
always @* if (!past) assume (rst);
always @(posedge clk) if (past & !rst & !was_rst & was_s_valid & !was_s_ready)
    assume (s_valid && s_data == was_s_data);

(* anyconst *) wire [A+1:0] k;
reg [A+1:0] judged, done;          // frames judged, frames through
reg [15:0] place;                  // beats taken of the frame under way
reg good;                          // the verdict of frame k
wire [A+1:0] waiting = judged - done;
wire inside = k - done < waiting;
wire [A+1:0] age = judged - 1 - k;
`ifdef RING  // the oldest verdict in a register, the others in a ring
localparam HEAD = 1;
wire [A-1:0] newest, at = newest - age;
wire held, kept;
wire told = k == done ? kept : line[at];
always @(posedge clk) if (past & !rst) assert (held == (waiting != 0));
`else        // all in a shift register
localparam HEAD = 0;
wire told = line[age[A-1:0]];
`endif
always @* if (!rst & verdict_valid) assume (waiting < FRAMES);
always @(posedge clk)
    if (rst) begin
        judged <= 0;
        done <= 0;
        place <= 0;
    end else begin
        if (verdict_valid) begin
            judged <= judged + 1;
            if (judged == k) good <= verdict_good;
        end
        if (s_valid & s_ready) begin
            place <= place == BEATS - 1 ? 0 : place + 1;
            if (place == BEATS - 1) done <= done + 1;
        end
    end

always @(posedge clk) if (past & !rst) begin
    // state
    assert (waiting <= FRAMES && place < BEATS);
    assert ($signed(last) == (waiting == 0 ? -1 : $signed({1'b0, waiting}) - 1 - HEAD));
    assert (left == BEATS - 2 - $signed(place));
    if (inside) assert (told == good);
    if (waiting == 0) assert (place == 0);
    // nothing moves before its verdict is there
    if (waiting == 0) assert (!m_valid && !s_ready);
    // a good frame passes in the clock in which it comes, unchanged, its last beat marked
    if (inside && k == done && good) begin
        assert (m_valid == s_valid && s_ready == m_ready);
        assert (m_data == s_data && m_last == (place == BEATS - 1));
    end
    // of a bad one nothing is offered, and it waits for nobody
    if (inside && k == done && !good) assert (!m_valid && s_ready);
    // an offered beat stays
    if (!was_rst & was_m_valid & !was_m_ready) begin
        assert (m_valid);
        assert (m_data == was_m_data && m_last == was_m_last);
    end
    if (was_rst) assert (!m_valid && !s_ready);
end
endmodule
