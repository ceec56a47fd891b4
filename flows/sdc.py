"""Timing constraints in SDC, in the form that OpenROAD-flow-scripts expects and reads itself.

Its platforms take the clock period for ABC from the first line that sets clk_period, as a plain
number. Units are those of the Liberty file: picoseconds for asap7, nanoseconds elsewhere.
"""

from kolam.generators.design import Design

IO_FRACTION = 0.2  # of the period, that what is around the core takes at either side

_TEXT = """\
# Constraints of {name}. One clock; every port but it belongs to the clock. The reset is
# synchronous, so it is an input like the others.
set clk_name core_clock
set clk_port_name {clock}
set clk_period {period}
set clk_io_pct {fraction}

set clk_port [get_ports $clk_port_name]

create_clock -name $clk_name -period $clk_period $clk_port

set non_clock_inputs [lsearch -inline -all -not -exact [all_inputs] $clk_port]

set_input_delay [expr {{$clk_period * $clk_io_pct}}] -clock $clk_name $non_clock_inputs
set_output_delay [expr {{$clk_period * $clk_io_pct}}] -clock $clk_name [all_outputs]
"""


def constraints(design: Design, period_ns: float, time_unit: float = 1e-9) -> str:
    """Return the SDC file of a design for a clock period in nanoseconds.

    time_unit: of the Liberty file it is read with, in seconds.
    """
    clock = next(port.name for port in design.ports if port.role == "clock")
    return _TEXT.format(
        name=design.name,
        clock=clock,
        period=f"{period_ns * 1e-9 / time_unit:.6g}",
        fraction=IO_FRACTION,
    )
