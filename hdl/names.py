"""Which names may reach a file, a tool or a hardware language.

A name passes if it is an identifier of Verilog-2001, SystemVerilog and VHDL at once, so that a
design may be wrapped in any of them, and no device name of Windows, so that every file system
can hold it. Reserved words are refused in any case of letters, since VHDL ignores case.
"""

import re
from collections.abc import Iterable

LONGEST = 64

# IEEE 1800-2017, annex B; the words of IEEE 1364-2001 are among them
_SYSTEMVERILOG = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic
before begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle
checker class clocking cmos config const constraint context continue cover covergroup
coverpoint cross deassign default defparam design disable dist do edge else end endcase
endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface
endmodule endpackage endprimitive endprogram endproperty endsequence endspecify endtable
endtask enum event eventually expect export extends extern final first_match for force foreach
forever fork forkjoin function generate genvar global highz0 highz1 if iff ifnone ignore_bins
illegal_bins implements implies import incdir include initial inout input inside instance int
integer interconnect interface intersect join join_any join_none large let liblist library
local localparam logic longint macromodule matches medium modport module nand negedge nettype
new nexttime nmos nor noshowcancelled not notif0 notif1 null or output package packed parameter
pmos posedge primitive priority program property protected pull0 pull1 pulldown pullup
pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase randsequence rcmos real
realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1
s_always s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal
showcancelled signed small soft solve specify specparam static string strong strong0 strong1
struct super supply0 supply1 sync_accept_on sync_reject_on table tagged task this throughout
time timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior trireg type
typedef union unique unique0 unsigned until until_with untyped use uwire var vectored virtual
void wait wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor
"""

# IEEE 1076-2008, 15.10
_VHDL = """
abs access after alias all and architecture array assert assume assume_guarantee attribute
begin block body buffer bus case component configuration constant context cover default
disconnect downto else elsif end entity exit fairness file for force function generate generic
group guarded if impure in inertial inout is label library linkage literal loop map mod nand
new next nor not null of on open or others out package parameter port postponed procedure
process property protected pure range record register reject release rem report restrict
restrict_guarantee return rol ror select sequence severity shared signal sla sll sra srl
strong subtype then to transport type unaffected units until use variable vmode vprop vunit
wait when while with xnor xor
"""

_DEVICES = "con prn aux nul com0 com1 com2 com3 com4 com5 com6 com7 com8 com9 \
lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9"

RESERVED = frozenset(f"{_SYSTEMVERILOG} {_VHDL} {_DEVICES}".split())


def check_identifier(name: str, what: str) -> None:
    """Raise ValueError, in one sentence that calls the thing `what`, unless name may be used.

    Raises TypeError if it is no text.
    """
    if not isinstance(name, str):
        raise TypeError(f"{what} must be a text, not {name!r}")
    if len(name) > LONGEST:
        raise ValueError(
            f"{what} must be at most {LONGEST} characters long, not {len(name)} ({name[:16]!r}...)"
        )
    if not re.fullmatch(r"[A-Za-z](_?[A-Za-z0-9])*", name):
        raise ValueError(
            f"{what} must be ASCII letters, digits and single underscores, a letter first and no "
            f"underscore last, not {name!r}"
        )
    if name.lower() in RESERVED:
        raise ValueError(
            f"{what} must be a word that Verilog, SystemVerilog, VHDL and Windows leave free, "
            f"not {name!r}"
        )


def check_distinct(names: Iterable[str]) -> None:
    """Raise ValueError if two names are the same, or differ in the case of letters only."""
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            raise ValueError(
                f"names must differ in more than case, not be {seen[name.lower()]!r} and {name!r}"
            )
        seen[name.lower()] = name
