// What pipeline_entry owes, for words of W bits, frames of BEATS beats, and any room behind.
// Beats are numbered modulo 16; the solver picks a number k, hence any beat.
// In front is a frame_guard: s_first is high while the next beat is the first of a frame, and an
// offered beat stays, but for the data of one that completes a frame. Washing is what comes behind a
// reset, before the first beat.
module pipeline_entry_proof #(parameter W = 4, BEATS = `BEATS) (
    input clk, input rst, input wash, input room, input s_valid, input s_first, input s_pad,
    input [W-1:0] s_data
);
wire s_ready, ce, valid_next, stuck;
wire [W-1:0] x, held;
dut dut (
    .clk(clk), .rst(rst), .wash(wash), .room(room), .s_valid(s_valid), .s_ready(s_ready),
    .s_first(s_first), .s_pad(s_pad), .s_data(s_data), .ce(ce), .valid_next(valid_next), .x(x),
    .stuck(stuck), .held(held)
);

wire taken = s_valid & s_ready & !rst;
wire given = ce & valid_next & !rst;
reg past = 0;
reg was_rst, was_wash, was_room, was_s_valid, was_s_first, was_s_pad, was_ce, was_next, was_taken;
reg [W-1:0] was_s_data, was_x;
always @(posedge clk) begin
    past <= 1;
    was_rst <= rst;
    was_wash <= wash;
    was_room <= room;
    was_s_valid <= s_valid;
    was_s_first <= s_first;
    was_s_pad <= s_pad;
    was_s_data <= s_data;
    was_ce <= ce;
    was_next <= valid_next;
    was_taken <= taken;
    was_x <= x;
end
always @* if (!past) assume (rst);
always @(posedge clk) if (past & !rst & !was_rst & was_s_valid & !was_taken)
    assume (s_valid && s_pad == was_s_pad && (s_pad || s_data == was_s_data));

// the specification: beats taken and given, and the places of the next of each in their frames
(* anyconst *) wire [3:0] k;
reg [3:0] count_in, count_out;
reg [7:0] place_in, place_out;
reg [W-1:0] want;
reg entered, zeroed;               // x is beat k; k completes a frame, whatever s_data shows
wire [3:0] waiting = count_in - count_out;
always @(posedge clk) begin
    if (rst | ce) entered <= given && count_out == k;
    if (rst) begin
        count_in <= 0;
        count_out <= 0;
        place_in <= 0;
        place_out <= 0;
    end else begin
        if (taken) begin
            count_in <= count_in + 1;
            place_in <= place_in == BEATS - 1 ? 0 : place_in + 1;
            if (count_in == k) begin
                want <= s_pad ? {W{1'b0}} : s_data;
                zeroed <= s_pad && s_data != 0;
            end
        end
        if (given) begin
            count_out <= count_out + 1;
            place_out <= place_out == BEATS - 1 ? 0 : place_out + 1;
        end
    end
end
reg used;                          // a beat was taken since the reset
always @(posedge clk) used <= !rst & (used | taken);
always @* if (!rst) assume (s_first == (place_in == 0));
always @* if (!rst & used) assume (!wash);

always @(posedge clk) if (past & !rst) begin
    // nothing is lost or doubled: what was taken and has not entered waits, one beat at most
    assert (waiting <= 1 && valid_next == (waiting == 1));
    assert (place_in < BEATS && place_out < BEATS);
    assert (place_in == (place_out + waiting == BEATS ? 0 : place_out + waiting));
    if (!used) assert (waiting == 0 && place_out == 0);
    // in order: beat k enters when its turn comes, unchanged, or zero where it completes a frame
    if (valid_next && count_out == k) assert (held == want);
    if (entered) assert (count_out == k + 4'd1 && x == want);
    // what has entered stays until the next enabled clock
    if (!was_rst & !was_ce) assert (x == was_x);
    // nothing moves past a beat that is missing in a frame
    if (ce & !valid_next) assert (place_out == 0);
    // the enable is a register: what was there a clock before decides it, and room above all
    assert (stuck == (!ce && valid_next));
    if (was_rst) assert (!ce && !valid_next);
    else assert (ce == (was_room && (was_s_first || was_s_valid || (was_next && !was_ce))));
    // between frames the pipeline runs; nobody waits for nothing
    if (!was_rst & was_room & was_s_first) assert (ce);
    if (!was_rst & was_room & was_s_valid) assert (ce);
    // no beat is taken while it is washed; else one is as soon as it has a place
    if (wash) assert (!s_ready);
    else assert (s_ready == (ce || !valid_next));
    // latency: a beat waits in the clock behind the one that took it
    if (!was_rst & was_taken) assert (valid_next);

    cover (s_valid && !s_ready && !wash);                     // a beat that has no place
    cover (s_valid && wash && ce);                            // one that waits for the washing
    cover (ce && !valid_next && count_out >= 2 * BEATS);      // the end of a frame leaves by itself
    cover (BEATS == 1 || was_room && !was_rst && !ce && place_out != 0);  // a beat that is missing
    cover (given && was_taken && taken && s_first);           // frames back to back
    cover (entered && zeroed);                                // data that the padding hides
end
endmodule
