// What width_converter owes, for S lanes in, M out, frames of E elements of B bits.
// The solver picks a frame (numbered modulo 4) and an element in it, hence any element.
// `INNER connects what the converter remembers: kept, write, read, s_left, m_left.
module width_converter_proof #(parameter S = `S, M = `M, E = `E, B = 2) (
    input clk, input rst, input s_valid, input [S*B-1:0] s_data, input m_ready
);
localparam SB = (E + S - 1) / S, MB = (E + M - 1) / M;   // beats of a frame
localparam SR = `S_PLACES, MR = `M_PLACES;               // places in the ring, of either kind
localparam WB = M > S ? MB : SB, F = M > S ? MR : SR;    // wide beats of a frame, flags
localparam TAIL = E - (MB - 1) * M;                      // elements of a frame's last beat
wire s_ready, m_valid, m_last;
wire [M*B-1:0] m_data;
wire [F-1:0] full;
wire [S*B-1:0] kept [0:SR-1];
wire [7:0] write, read;
wire signed [7:0] s_left, m_left;
dut dut (
    .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data(s_data),
    .m_valid(m_valid), .m_ready(m_ready), .m_data(m_data), .m_last(m_last),
    .\u_flags.full (full), `INNER
);

wire put = s_valid & s_ready & !rst;
wire get = m_valid & m_ready & !rst;
reg past = 0;
reg was_rst, was_valid, was_ready, was_last;
reg [M*B-1:0] was_data;
always @(posedge clk) begin
    past <= 1;
    was_rst <= rst;
    was_valid <= m_valid;
    was_ready <= m_ready;
    was_last <= m_last;
    was_data <= m_data;
end
always @* if (!past) assume (rst);

// frames taken and given (modulo 4), and beats of the frame under way
reg [1:0] s_frame, m_frame;
reg [7:0] s_beat, m_beat;
wire [1:0] ahead = s_frame - m_frame;
always @(posedge clk)
    if (rst) begin
        s_frame <= 0;
        m_frame <= 0;
        s_beat <= 0;
        m_beat <= 0;
    end else begin
        if (put) begin
            s_beat <= s_beat == SB - 1 ? 0 : s_beat + 1;
            if (s_beat == SB - 1) s_frame <= s_frame + 1;
        end
        if (get) begin
            m_beat <= m_beat == MB - 1 ? 0 : m_beat + 1;
            if (m_beat == MB - 1) m_frame <= m_frame + 1;
        end
    end

// the chosen element, and whether it was taken and not yet given
(* anyconst *) wire [1:0] frame;
(* anyconst *) wire [7:0] element;
always @* assume (element < E);
wire [7:0] from = element / S, to = element / M;
reg [B-1:0] want;
always @(posedge clk)
    if (put && s_frame == frame && s_beat == from) want <= s_data[element % S * B +: B];
wire inside = frame == m_frame && m_beat <= to && (ahead == 1 || s_beat > from)
    || ahead == 1 && frame == s_frame && s_beat > from;
wire [S*B-1:0] stored = kept[from % SR];

// wide beats: the first of the frame given that is not done with; how many of the frame taken
// are complete, and how many hold anything
wire [7:0] first = M > S ? m_beat : m_beat * M / S;
wire [7:0] complete = M > S ? s_beat * S / M : s_beat;
wire [7:0] touched = M > S ? (s_beat * S + M - 1) / M : s_beat;
reg [F-1:0] older, newer, due;
integer j;
always @* begin
    older = 0;
    newer = 0;
    due = 0;
    for (j = 0; j < WB; j = j + 1) begin
        if (j >= first && (ahead == 1 || j < complete)) due = due | 1 << j % F;
        if (ahead == 1 && j < complete) due = due | 1 << j % F;
        if (j >= first) older = older | 1 << j % F;
        if (j < touched) newer = newer | 1 << j % F;
    end
end

always @(posedge clk) if (past & !rst) begin
    // state: at most one frame is taken whole and not given whole, and no place is used twice
    assert (s_beat < SB && m_beat < MB && ahead <= 1);
    if (ahead == 0) assert (m_beat * M <= s_beat * S && touched - first <= F);
    if (ahead == 1) assert (WB - first <= F && touched <= F && (older & newer) == 0);
    assert (full == due);
    assert (s_left == SB - 2 - $signed({1'b0, s_beat}));
    assert (m_left == MB - 2 - $signed({1'b0, m_beat}));
    assert (SR == 1 || write == s_beat % SR);
    assert (MR == 1 || read == m_beat % MR);
    // no element is lost, doubled or moved: it lies in its place until it is given
    if (inside) assert (stored[element % S * B +: B] == want);
    if (m_valid && frame == m_frame && m_beat == to) begin
        assert (inside);
        assert (m_data[element % M * B +: B] == want);
    end
    // frames end where they must, with zeros beyond them
    assert (m_last == (m_beat == MB - 1));
    if (m_last && TAIL < M) assert (m_data >> TAIL * B == 0);
    // an offered beat stays
    if (!was_rst & was_valid & !was_ready) begin
        assert (m_valid);
        assert (m_data == was_data && m_last == was_last);
    end
    // a reset leaves nothing behind, and an empty converter takes a beat
    if (was_rst) assert (!m_valid && s_ready);
    if (full == 0) assert (s_ready);
end
endmodule
