// What settings_control owes, for frames of COUNT words: all judged, and values changed only where
// a frame may begin. The source of words keeps an offered one until it is taken.
module settings_control_proof #(parameter COUNT = `COUNT) (
    input clk, input rst, input s_valid, input s_last, input misfit, input drains, input between,
    input empty
);
wire s_ready, takes, applies, hold, changed, config_error;
wire pending, wrong, fresh, other;
wire [`BITS-1:0] index;
dut dut (
    .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_last(s_last), .misfit(misfit),
    .drains(drains), .between(between), .empty(empty), .index(index), .takes(takes),
    .applies(applies), .hold(hold), .changed(changed), .config_error(config_error),
    .\pending (pending), .\wrong (wrong), .\fresh (fresh), .\other (other)
);

reg past = 0;
reg was_rst, was_applies, was_drains;
always @(posedge clk) begin
    past <= 1;
    was_rst <= rst;
    was_applies <= applies;
    was_drains <= drains;
end
always @* if (!past) assume (rst);

// the frame that comes: its words so far, up to one too many, and whether all were values; then
// whether the frame that ended in the last clock was bad, and whether a good one waits
reg [7:0] words;
reg fits, bad, waits;
wire take = s_valid & s_ready;
wire good = words == COUNT - 1 & fits & !misfit;
always @(posedge clk)
    if (rst) begin
        words <= 0;
        fits <= 1;
        bad <= 0;
        waits <= 0;
    end else begin
        bad <= take & s_last & !good;
        if (applies) waits <= 0;
        if (take & s_last) begin
            words <= 0;
            fits <= 1;
            waits <= good;
        end else if (take) begin
            words <= words == COUNT ? COUNT : words + 1;
            fits <= fits & !misfit;
        end
    end

always @(posedge clk) if (past & !rst) begin
    // state
    assert (words <= COUNT);
    assert (pending == waits);
    assert (index == (words == COUNT ? COUNT - 1 : words));
    assert (wrong == (words == COUNT | !fits));
    assert (fresh == (!was_rst & was_applies));
    // words are taken while no settings wait, each as the number that it has
    assert (takes == take);
    assert (s_ready == !waits);
    if (takes & words < COUNT) assert (index == words);
    // a bad frame, and no other, is told in the clock behind its last word
    assert (config_error == bad);
    // settings change once, where they wait, between frames, and at no other time; if they drain,
    // while no frame is under way; and at once where they may
    assert (applies == (waits & between & (empty | !drains)));
    // no frame begins from the last word on until the values are in force and sizes are reloaded
    if (waits | (!was_rst & was_applies)) assert (hold);
    if (!waits & !(!was_rst & was_applies)) assert (!hold);
    // for the first clock of a new value that drains
    assert (changed == (!was_rst & was_applies & was_drains));
    // a reset forgets
    if (was_rst) assert (!hold & !config_error & !applies & index == 0);
end
endmodule
