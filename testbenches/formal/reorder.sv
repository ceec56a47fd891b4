// What frame_reorder and lane_reorder owe, for frames of POINTS words, LANES a beat, whatever comes
// and whenever. LATE: banks hold two frames, in halves, and all is a clock later. The solver picks a
// number k, hence any word of those that leave; it came as number k reversed.
module reorder_proof #(
    parameter W = `WIDTH, POINTS = `POINTS, LANES = `LANES, DEPTH = `DEPTH, LATE = `LATE
) (
    input clk, input rst, input ce, input valid, input [LANES*W-1:0] x
);
localparam BEATS = POINTS / LANES, N = $clog2(POINTS), T = $clog2(LANES), A = $clog2(DEPTH);
localparam SHARED = T < N - T ? T : N - T;  // digits that a lane and a beat exchange
wire put, reading, turned, we, re;
wire [LANES*W-1:0] y;
wire [N-T-1:0] into, out_of;
wire [LANES*A-1:0] waddrs, raddrs;
wire [LANES*DEPTH*W-1:0] cells;
dut dut (
    .clk(clk), .rst(rst), .ce(ce), .valid(valid), .x(x), .put(put), .y(y), `INNER
);

reg past = 0;
always @(posedge clk) past <= 1;
always @* if (!past) assume (rst);

function [N-1:0] reversed(input [N-1:0] p);
    integer b;
    for (b = 0; b < N; b = b + 1) reversed[b] = p[N-1-b];
endfunction
// what is in the place of word p of a frame: the one of a number of frames that are whole
function [W-1:0] kept(input [LANES*DEPTH*W-1:0] all, input [N-1:0] p, input frame);
    reg [N-1:0] at;
    reg [N-1:0] bank;
    integer b;
    begin
        at = frame && !LATE ? reversed(p) : p;
        bank = at % LANES;
        for (b = 0; b < SHARED; b = b + 1) bank[b] = at[b] ^ at[N-1-b];
        kept = all[(bank * DEPTH + at / LANES + (LATE && frame ? BEATS : 0)) * W +: W];
    end
endfunction

// the specification: beats taken of the frame under way, beats of the frame before that are still
// to be read, and word k of both
(* anyconst *) wire [N-1:0] k;
wire [N-1:0] origin = reversed(k);
reg [N:0] taken, due;
reg odd, given;
reg [N:0] beat;
reg [W-1:0] coming, waiting, want;
wire [W-1:0] word = x[(origin % LANES) * W +: W];
wire take = ce & valid & !rst;
wire whole = take && taken == BEATS - 1;
wire give = ce & !rst && (due != 0 || (whole && !LATE));
always @(posedge clk) begin
    given <= give;
    beat <= due == 0 ? 0 : BEATS - due;
    want <= due == 0 ? coming : waiting;
    if (rst) begin
        taken <= 0;
        due <= 0;
        odd <= 0;
    end else begin
        if (take) begin
            taken <= whole ? 0 : taken + 1;
            if (taken == origin / LANES) coming <= word;
        end
        if (whole) begin
            odd <= !odd;
            waiting <= taken == origin / LANES ? word : coming;
        end
        due <= whole ? (LATE ? BEATS : BEATS - 1) : give ? due - 1 : due;
    end
end

integer bank;
always @(posedge clk) if (past & !rst) begin
    // state
    assert (taken < BEATS && due <= (LATE ? BEATS : BEATS - 1));
    assert (into == taken && out_of == (due == 0 ? 0 : BEATS - due));
    assert (reading == (due != 0) && turned == odd);
    if (due != 0) assert (taken <= (LATE ? BEATS : BEATS - 1) - due);  // the reader is ahead
    // a frame is whole when all of the one before is read, but perhaps for the beat of this clock
    if (whole) assert (due <= LATE);
    // what is needed is where the page says, unchanged
    if (taken > origin / LANES) assert (kept(cells, origin, odd) == coming);
    if (due != 0 && k / LANES >= BEATS - due) assert (kept(cells, origin, !odd) == waiting);
    // no place is read while it is written
    assert (we == take && re == give);
    for (bank = 0; bank < LANES; bank = bank + 1)
        if (we & re) assert (waddrs[bank*A +: A] != raddrs[bank*A +: A]);
    // every beat comes once, in order, a clock after it is read, and has the right words
    assert (put == given);
    if (given && beat == k / LANES) assert (y[(k % LANES) * W +: W] == want);
end
endmodule
