// What the control of iterative_fft owes, for frames of N samples (and PREFIX of their last ones in
// front), PASSES passes of STAGES stages and TURN clocks, M of them with a step, whose results are there W
// clocks later.
// Nothing is assumed: frame_load, pass_control, frame_unload and the lines between them are where
// the engine has them, and whatever source and sink do is their environment.
// `INNER connects the lines that the steps travel in, and what says that the prefix was read.
// The solver picks a word of the memory, hence any, and follows what lies there.
module iterative_fft_proof #(
    parameter N = `N, M = `M, TURN = `TURN, PASSES = `PASSES, W = `W, PREFIX = `PREFIX, STAGES = `STAGES
) (
    input clk, input rst, input [15:0] s_axis_tdata, input s_axis_tvalid, input s_axis_tlast,
    input m_axis_tready
);
localparam A = $clog2(M), LAST = PASSES - 1, OUT = N + PREFIX, LONG = W + M + OUT + TURN;
wire works, first, last, reads_input, reads_memory, fills, loaded, taken, unloaded;
wire stores, gives, written, reads, active, odd, in_full, out_full, whole;
wire [$clog2(N)-1:0] place_in, place_out;
wire [A:0] waddr, raddr;
wire [A-1:0] baddr;
wire [$clog2(TURN)-1:0] now;
wire [$clog2(PASSES)-1:0] stage;
wire [W-1:0] flags, places [0:A+1];                    // steps on their way: index, last, odd
dut dut (
    .clk(clk), .rst(rst), .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid),
    .s_axis_tready(s_axis_tready), .s_axis_tlast(s_axis_tlast), .m_axis_tready(m_axis_tready),
    .works(works), .first(first), .last(last), .reads_input(reads_input),
    .reads_memory(reads_memory), .fills(fills), .loaded(loaded), .taken(taken),
    .unloaded(unloaded), .stores(stores), .gives(gives), .written(written), .reads(reads),
    .place_in(place_in), .place_out(place_out), .\u_memory.waddr (waddr),
    .\u_memory.raddr (raddr), .\u_buffer.waddr (baddr), .\u_control.now (now),
    .\u_control.stage (stage), .\u_control.active (active), .\u_control.odd (odd),
    .\u_load.full (in_full), .\u_unload.full (out_full), .\u_flag_line.line (flags), `INNER
);

reg past = 0;
always @(posedge clk) past <= 1;
always @* if (!past) assume (rst);

// what can be reached is looked for in a run with a sample a clock and a sink that is ready
(* anyconst *) wire calm;
reg [7:0] sent;
wire s_axis_tready;
always @(posedge clk)
    if (rst) sent <= 0;
    else if (s_axis_tvalid & s_axis_tready) sent <= sent == N - 1 ? 0 : sent + 1;
always @* if (past & calm)
    assume (!rst && s_axis_tvalid && m_axis_tready && s_axis_tlast == (sent == N - 1));

// the passes: which one runs or waits, its clock, and the clocks in which one waited before it
reg runs;
reg [7:0] pass;
reg [15:0] t, gap;
wire ends = runs & t == TURN - 1;
wire [7:0] coming = !ends ? pass : pass == LAST ? 0 : pass + 1;
wire may = coming == 0 ? loaded : coming != LAST || unloaded;
always @(posedge clk)
    if (rst) begin
        runs <= 0;
        pass <= 0;
        t <= 0;
        gap <= W + 1;                                  // nothing is on its way
    end else begin
        pass <= coming;
        t <= runs & !ends ? t + 1 : 0;
        if (!runs | ends) runs <= may;
        if (ends) gap <= 0;
        else if (!runs & gap <= W) gap <= gap + 1;
    end
wire steps = runs & t < M;
wire [15:0] clock = runs ? t : 0;
wire [7:0] former = pass == 0 ? LAST : pass - 1;

function [A-1:0] swapped(input [A-1:0] v);             // with its two lowest bits exchanged
    swapped = {v >> 2, v[0], v[1]};
endfunction

// the chosen word of the memory: whether it holds what was not read yet, and of which pass
(* anyconst *) wire [A:0] place;
wire [A-1:0] spot = place;
wire [A-1:0] word = STAGES == 1 ? spot : swapped(spot);                 // the step that writes it
wire [A-1:0] step = STAGES == 1 ? {spot[A-2:0], spot[A-1]}             // the step that reads it
    : swapped({spot[A-3:0], spot[A-1], spot[A-2]});
reg full;
reg [7:0] maker;
reg [8*W-1:0] passes;                                  // which one was there in the clocks before
always @(posedge clk) begin
    passes <= {passes, pass};
    if (rst) full <= 0;
    else if (stores && waddr == place) begin
        full <= 1;
        maker <= passes[8*W-1:8*W-8];
    end else if (reads_memory && raddr == place) full <= 0;
end
wire mine = place[A] == pass[0];                       // this pass writes that half
wire was_made = TURN - word + gap + clock > W;         // by the pass before
wire is_made = runs & t > word + W;                    // by this one
wire is_read = runs & t > step;

// the output buffer: clocks since the last pass of a frame began, LONG: or more; words that it
// gave, samples that were read
reg [15:0] late;
reg [7:0] words, samples;
reg held;                                              // all words are there, and not all is read
wire [15:0] since = runs && pass == LAST && t == 0 ? 0 : late;
reg [7:0] count;                                       // samples in the input buffer
always @(posedge clk)
    if (rst) begin
        late <= LONG;
        words <= 0;
        samples <= 0;
        held <= 0;
        count <= 0;
    end else begin
        late <= since == LONG ? LONG : since + 1;
        if (gives) words <= words == M - 1 ? 0 : words + 1;
        if (gives && words == M - 1) held <= 1;
        if (reads) samples <= samples == OUT - 1 ? 0 : samples + 1;
        if (reads && samples == OUT - 1) held <= 0;
        if (fills) count <= count == N - 1 ? 0 : count + 1;
    end

integer j, b;
reg own, there;
reg [15:0] from;
always @(posedge clk) if (past & !rst) begin
    // what is on its way: step `from` of this pass or of the one before, j + 1 clocks ago
    for (j = 0; j < W; j = j + 1) begin
        own = runs && t > j;
        from = own ? t - j - 1 : TURN - (j + 1 - clock - gap);
        there = (own || j + 1 > clock + gap) && from < M;
        assert (flags[j] == there);
        if (there) begin
            for (b = 0; b < A; b = b + 1) assert (places[b][j] == from[b]);
            assert (passes[8*j +: 8] == (own ? pass : former));
            assert (places[A][j] == (passes[8*j +: 8] == LAST) && places[A+1][j] == passes[8*j]);
        end
    end
    // passes follow each other; the first waits for a whole frame, the last for an empty buffer
    assert (active == runs && stage == pass && now == t && odd == pass[0]);
    assert (pass < PASSES && t < TURN && gap <= W + 1);
    if (!runs) assert (t == 0 && (pass == 0 || pass == LAST));
    if (pass != 0 && pass != LAST) assert (gap == 0);
    assert (works == steps && first == (pass == 0) && last == (pass == LAST));
    // never a pass on a buffer that is not loaded, and none is loaded that a pass reads
    if (runs && pass == 0) assert (loaded);
    assert (reads_input == (steps && pass == 0) && taken == (ends && pass == 0));
    if (reads_input) assert (loaded);
    if (fills) assert (!loaded && place_in == count);
    assert (in_full == loaded && place_in == count && count < N);
    if (loaded) assert (count == 0);
    // a pass reads of the memory what the one before has written, all of it, and once; nothing is
    // written over that is still to be read, nor in the clock in which it is read
    assert (reads_memory == (steps && pass != 0));
    if (pass != 0 && !mine) assert (full == (was_made && !is_read));
    else assert (full == (mine && pass != LAST && is_made));
    if (full) assert (maker == (mine ? pass : pass - 1));
    if (reads_memory && raddr == place) assert (full && maker == pass - 1 && t == step);
    if (stores && waddr == place) assert (!full);
    assert (!(stores && reads_memory && waddr == raddr));
    // never a result into an output buffer that is not empty, and none is read before all are there
    if (runs && pass == LAST) assert (since == t);
    else assert (since >= TURN);
    if (runs && pass == LAST && t >= W + M) assert (held);
    assert (since <= LONG);
    assert (gives == (since >= W && since < W + M) && written == (since == W + M - 1));
    assert (words == (gives ? since - W : 0));
    if (gives) assert (!held && baddr == (STAGES == 1 ? words[A-1:0] : swapped(words[A-1:0])));
    assert (out_full == held && samples < OUT);
    if (held) assert (place_out == (samples + N - PREFIX) % N);
    if (PREFIX == 0) assert (place_out == samples);
    else if (held) assert (whole == (samples >= PREFIX));
    if (reads) assert (held);
    if (held) assert (since >= W + M && (since == LONG || samples <= since - W - M));
    else assert (samples == 0);
    // and no frame waits for nothing: a buffer that is not empty is full, or is being filled
    if (unloaded) assert (!held && (since == 0 || since >= W + M));
    else assert (held || since < W + M);

    if (calm) begin
        cover (pass == 1 && loaded);            // the next frame is there while passes run
        cover (reads);                          // and the first one leaves
    end
end
endmodule
