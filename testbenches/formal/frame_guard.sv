// What frame_guard owes, for frames of BEATS beats, whatever lengths the source sends.
// The source holds an offered beat until it is taken, as AXI4-Stream demands.
module frame_guard_proof #(parameter W = 4, BEATS = `BEATS) (
    input clk, input rst, input s_valid, input s_last, input [W-1:0] s_data, input m_ready
);
wire s_ready, m_valid, m_first, m_pad, verdict_valid, verdict_good, frame_error, pad, drop;
wire [W-1:0] m_data;
wire signed [15:0] left;
dut dut (
    .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_last(s_last), .s_data(s_data),
    .m_valid(m_valid), .m_ready(m_ready), .m_data(m_data), .m_first(m_first),
    .m_pad(m_pad),
    .verdict_valid(verdict_valid), .verdict_good(verdict_good), .frame_error(frame_error),
    .left(left[LEFT-1:0]), .pad(pad), .drop(drop)
);
localparam LEFT = BEATS == 1 ? 1 : $clog2(BEATS - 1) + 1;
assign left[15:LEFT] = {(16 - LEFT){left[LEFT-1]}};

wire taken = s_valid & s_ready & !rst;
wire given = m_valid & m_ready & !rst;
reg past = 0;
reg was_rst, was_s_valid, was_s_ready, was_s_last, was_m_valid, was_m_ready, was_pad;
reg [W-1:0] was_s_data, was_m_data;
always @(posedge clk) begin
    past <= 1;
    was_rst <= rst;
    was_s_valid <= s_valid;
    was_s_ready <= s_ready;
    was_s_last <= s_last;
    was_s_data <= s_data;
    was_m_valid <= m_valid;
    was_m_ready <= m_ready;
    was_m_data <= m_data;
    was_pad <= pad;
end
always @* if (!past) assume (rst);
always @(posedge clk) if (past & !rst & !was_rst & was_s_valid & !was_s_ready)
    assume (s_valid && s_last == was_s_last && s_data == was_s_data);

// the specification: beats of the source's frame taken so far (BEATS: that many or more, none of
// them its last), beats given of the frame under way, and whether the source ended it early
reg [15:0] place, out;
reg early;
reg judged, good;
always @(posedge clk) begin
    judged <= 0;
    if (rst) begin
        place <= 0;
        out <= 0;
        early <= 0;
    end else begin
        if (given) out <= out == BEATS - 1 ? 0 : out + 1;
        if (given && out == BEATS - 1) early <= 0;
        if (taken) begin
            place <= s_last ? 0 : place == BEATS ? BEATS : place + 1;
            if (place < BEATS && (s_last || place == BEATS - 1)) begin
                judged <= 1;
                good <= s_last && place == BEATS - 1;
            end
            if (s_last && place < BEATS - 1) early <= 1;
        end
    end
end

always @(posedge clk) if (past & !rst) begin
    // state
    assert (out < BEATS && place <= BEATS);
    assert (left == BEATS - 2 - $signed(out));
    assert (pad == early);
    assert (drop == (place == BEATS));
    if (early) assert (place == 0 && out != 0);
    if (drop) assert (out == 0);
    if (!early & !drop) assert (place == out);
    // a beat of a frame is given in the clock in which it is taken, in its place, unchanged
    if (taken && place < BEATS) assert (given && place == out && m_data == s_data);
    // what is given is such a beat, or completes a short frame while the source waits
    if (given & !taken) assert (early);
    if (early) assert (!s_ready && m_valid);
    assert (m_pad == early);
    // what follows a frame without s_last is discarded, whether m_ready is high or not
    if (place == BEATS) assert (s_ready && !m_valid);
    // nobody waits for nothing
    if (!early && place < BEATS) assert (s_ready == m_ready && m_valid == s_valid);
    assert (m_first == (out == 0));
    // one verdict a frame, at its time, and the truth
    if (was_rst) assert (!verdict_valid && !frame_error);
    else begin
        assert (verdict_valid == judged);
        assert (frame_error == (judged && !good));
        if (judged) assert (verdict_good == good);
    end
    // an offered beat stays; unchanged, but for those that complete a frame
    if (!was_rst & was_m_valid & !was_m_ready) begin
        assert (m_valid);
        if (!was_pad) assert (m_data == was_m_data);
    end
end
endmodule
