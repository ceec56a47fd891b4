// What line_address owes, for addresses of A bits and any enable: `wash` for WASH enabled clocks.
// The solver picks an address: whoever writes where `at` was LATE enabled clocks before has
// written there by the end of the washing.
module line_address_proof #(parameter A = `A, WASH = `WASH, LATE = A > 1 ? 4 : 2) (
    input clk, input rst, input ce
);
localparam TURN = 1 << A, BEGIN = 2 * TURN - WASH;     // of the address, behind a reset
wire wash, leading;
wire [A-1:0] at, now;
dut dut (.clk(clk), .rst(rst), .ce(ce), .at(at), .wash(wash), .now(now), .leading(leading));

reg past = 0;
reg was_rst, was_ce;
reg [A-1:0] was_at;
always @(posedge clk) begin
    past <= 1;
    was_rst <= rst;
    was_ce <= ce;
    was_at <= at;
end
always @* if (!past) assume (rst);

(* anyconst *) wire [A-1:0] place;
reg [A+1:0] left;                  // enabled clocks of the washing
reg written;
wire [A+1:0] gone = WASH - left;
wire [A-1:0] late = at - LATE;     // where a write that comes LATE clocks behind goes
wire [A-1:0] distance = place - BEGIN;
always @(posedge clk)
    if (rst) begin
        left <= WASH;
        written <= 0;
    end else if (ce & left != 0) begin
        left <= left - 1;
        if (gone >= LATE && late == place) written <= 1;
    end

always @(posedge clk) if (past & !rst) begin
    // state
    assert (now == at && left <= WASH);
    assert (leading == (left > TURN));
    if (left != 0) assert ({1'b0, at} + left == (leading ? 2 * TURN : TURN));
    if (left != 0) assert (written == (gone > LATE + distance));
    // the address counts enabled clocks
    if (!was_rst) assert (at == was_at + was_ce);
    // wash lasts as long as it says, and all is written by then
    assert (wash == (left != 0));
    if (!wash) assert (written);
    if (was_rst) assert (wash);

    cover (!wash);
    cover (wash && !leading && !was_rst && !was_ce);
    cover (written && wash);
end
endmodule
