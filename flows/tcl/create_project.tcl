# Make a project of the core, synthesise and implement it, and report.
#
#   vivado -mode batch -source create_project.tcl [-tclargs PART [FOLDER]]
#
# PART: instead of the one in core.tcl. FOLDER: of the project, must not exist; by default
# <core>_project in the current folder. Ends with 0 if timing is met, else with 1.
#
# The core is built out of context, that is, without I/O buffers: its streams may have more bits
# than a part has pins. Empty "More Options" of synth_1 for a top of your own with pins.

source [file join [file dirname [file normalize [info script]]] common.tcl]
set part [known_part [argument 0 $part]]
set folder [new_folder [argument 1 ${core}_project]]

create_project $core $folder -part $part
add_core $rtl $images
add_files -norecurse -fileset constrs_1 [list [file join $here $core.xdc]]
set_property -name {STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS} -value {-mode out_of_context} \
    -objects [get_runs synth_1]

run synth_1
run impl_1
open_run impl_1
report_utilization -hierarchical -file [file join $folder utilization.rpt]
report_timing_summary -file [file join $folder timing.rpt]
require_timing {setup hold}
