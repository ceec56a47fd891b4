// What the memory of real_split owes, for frames of 2^A elements, two words each, at any distance.
// Words of a frame come one after the other in enabled clocks; a reset may break it off.
// The solver picks a place of the memory, hence any, and follows what lies there: an element of
// which frame (numbered modulo 4), and how often it is still to be read.
module real_split_proof #(
    parameter A = `A, TOGETHER = `TOGETHER, REVERSES_IN = `REVERSES_IN, REVERSES_OUT = `REVERSES_OUT
) (
    input clk, input rst, input ce, input valid_next, input [1:0] x, input [A-1:0] w
);
localparam M = 1 << A, P = TOGETHER ? A : A + 1;       // elements, bits of a place in the memory
wire y_next, we, re, own_turn, begins, here, at_im, going;
wire [A:0] at, now;
wire [A-1:0] count;
wire [P-1:0] waddr, to, into;
dut dut (
    .clk(clk), .rst(rst), .ce(ce), .valid_next(valid_next), .x(x), .y_next(y_next), .at(at),
    .we(we), .re(re), .waddr(waddr), .own_turn(own_turn), .begins(begins), .count(count),
    .\u_write.here (here), .\u_write.at_im (at_im), .\u_write.into (into),
    .\u_read.going (going), .\u_read.now (now), .\u_buffer.raddr (to)
);

function [A-1:0] reverse(input [A-1:0] v, input really);
    integer b;
    for (b = 0; b < A; b = b + 1) reverse[b] = v[really ? A-1-b : b];
endfunction

reg past = 0;
always @(posedge clk) past <= 1;
always @* if (!past) assume (rst);

// the specification: words announced and taken of the frame under way; frames taken whole; words
// read of a frame, two for each of its elements, and which frame
reg [A:0] announced, word, step;
reg [1:0] whole, which;
reg [1:0] ever;                    // frames taken whole since the reset, 2: or more
reg reads;
wire takes = ce & announced != word;                   // the word on x is one of a frame
wire starts = takes & word == (TOGETHER ? M - 1 : 2 * M - 1);
always @(posedge clk)
    if (rst) begin
        announced <= 0;
        word <= 0;
        step <= 0;
        whole <= 0;
        ever <= 0;
        which <= 3;
        reads <= 0;
    end else begin
        if (ce & valid_next) announced <= announced + 1;
        if (takes) word <= word + 1;
        if (takes & word == 2 * M - 1) begin
            whole <= whole + 1;
            ever <= ever == 0 ? 1 : 2;
        end
        if (ce & reads) step <= step + 1;
        if (ce & reads & step == 2 * M - 1) reads <= 0;
        if (starts) begin
            reads <= 1;
            which <= which + 1;
        end
    end
always @* if (!rst && announced != 0) assume (valid_next);

// what can be reached is looked for in runs without a pause
(* anyconst *) wire calm;
always @* if (past & calm) assume (ce & !rst);

// the chosen place, what lies there, and in which steps it is read: as itself, and as the other
// one of a pair
(* anyconst *) wire [P-1:0] place;
reg full;
reg [1:0] frame, left;
wire [A-1:0] spot = place;
wire [A-1:0] element = reverse(spot, REVERSES_IN), partner = -element;
wire [A:0] own = {reverse(element, REVERSES_OUT), 1'b1};
wire [A:0] other = {reverse(partner, REVERSES_OUT), 1'b0};
always @(posedge clk)
    if (rst) begin
        full <= 0;
        left <= 0;
    end else begin
        if (we && waddr == place) begin
            full <= 1;
            frame <= whole;
            left <= 2;
        end
        if (re && to == place) left <= left - 1;
    end
// whether it is one of the frame under way, or which was the last one that was written there
wire bank = TOGETHER ? whole[0] : place[P-1];
wire mine = bank == whole[0] && word > {spot, 1'b1};
wire [1:0] back = bank == whole[0] && !TOGETHER ? 2 : 1;
wire [1:0] done = (step > own) + (step > other);

always @(posedge clk) if (past & !rst) begin
    // state: what is read is the frame under way, as far as it is written, or the one before
    assert (here == (announced != word));
    if (here) assert (at_im == word[0]);
    assert (announced == word + 1'b1 || announced == 0 && word == 0);
    assert (into == (TOGETHER ? word >> 1 : {whole[0], word[A:1]}));
    assert (going == reads && now == step);
    assert (which == whole - 2'd1 || reads && which == whole);
    if (reads && which == whole) assert (TOGETHER && word >= M && step == word - M);
    if (reads && which != whole)
        assert (TOGETHER ? word < M && step >= M + word : step >= word);
    if (!reads) assert (step == 0 && (!TOGETHER || word < M));
    if (reads && which != whole) assert (ever != 0);
    if (reads && !TOGETHER) assert (to[P-1] == which[0]);
    assert (full == (mine || ever >= back));
    if (full) assert (frame == whole - (mine ? 2'd0 : back));
    if (full && reads && which == frame) assert (left == 2'd2 - done);
    else assert (left == (mine ? 2 : 0));
    // every element of a frame is written, in its turn, over one that was read twice
    assert (we == (takes & word[0]));
    if (we) assert (waddr == into);
    if (we && waddr == place) assert (left == 0);
    // no place is read and written in the same clock
    assert (!(we & re & waddr == to));
    // all elements of a frame are read, each one twice, once it is written and before it is lost
    assert (re == (ce & reads) && begins == starts);
    if (starts) assert (!reads || step == 2 * M - 1);
    if (re && to == place)
        assert (full && frame == which && left != 0 && (step == own || step == other));

    if (calm) begin
        cover (we && re && full && waddr == place);             // written over while others are read
        cover (starts && reads && whole != which);              // frames back to back
        cover (starts && !reads && ever != 0);                  // and some clocks apart
        cover (!reads && full && left == 0 && announced == 0);  // all is read
    end
end
endmodule
