# Build the core without a project, out of context: reports, and a checkpoint to be linked.
#
#   vivado -mode batch -source out_of_context.tcl [-tclargs PART [synth|route [FOLDER]]]
#
# PART: instead of the one in core.tcl. synth: stop behind synthesis, where delays of wires are
# estimates. FOLDER: for results, must not exist; by default <core>_out_of_context in the current
# folder. Ends with 0 if timing is met, else with 1.

source [file join [file dirname [file normalize [info script]]] common.tcl]
set part [known_part [argument 0 $part]]
set until [argument 1 route]
if {[lsearch -exact {synth route} $until] < 0} { fail "the second word must be synth or route, not $until" }
set folder [new_folder [argument 2 ${core}_out_of_context]]

create_project -in_memory -part $part
add_core $rtl $images
read_xdc [list [file join $here $core.xdc]]
synth_design -mode out_of_context -top $core -part $part
# with a place for the clock's buffer Vivado estimates skew, without it knows none
set buffer [lindex [get_sites -quiet -filter {SITE_TYPE == BUFGCTRL}] 0]
if {$buffer ne ""} { set_property HD.CLK_SRC $buffer [get_ports $clock] }

set checks setup
if {$until eq "route"} {
    opt_design
    place_design
    phys_opt_design
    route_design
    lappend checks hold
}
write_checkpoint [file join $folder $core.dcp]
report_utilization -hierarchical -file [file join $folder utilization.rpt]
report_timing_summary -file [file join $folder timing.rpt]
require_timing $checks
