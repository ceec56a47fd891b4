# What the scripts beside this file share; what is particular to the core is in core.tcl.
# Every path is found from where this file lies, so that the folder can be moved as a whole.

set here [file dirname [file normalize [info script]]]
set root [file dirname $here]
source [file join $here core.tcl]

proc within {folder names} {
    set paths {}
    foreach name $names { lappend paths [file join $folder $name] }
    return $paths
}

set rtl [within [file join $root rtl] $rtl]
set images [within [file join $root mem] $images]

# End Vivado with status 1.
proc fail {sentence} {
    puts stderr "ERROR: $sentence"
    exit 1
}

# A word behind -tclargs, or what stands for it.
proc argument {number default} {
    if {$::argc > $number} { return [lindex $::argv $number] }
    return $default
}

# A part, if it is one of this Vivado; before anything is made for it.
proc known_part {part} {
    if {![llength [get_parts -quiet $part]]} {
        fail "$part must be a part that is installed with this Vivado; get_parts lists them"
    }
    return $part
}

# Make a folder for results, in the current one unless its path is absolute.
proc new_folder {path} {
    set path [file normalize $path]
    if {[file exists $path]} { fail "$path must not exist: remove it, or name another folder" }
    file mkdir $path
    return $path
}

# Give the open project the core. A memory opens its image by the bare name, which Vivado finds
# among the project's memory initialisation files; .hex is not the ending of one, so it is told.
proc add_core {rtl images} {
    add_files -norecurse -fileset sources_1 $rtl
    if {[llength $images]} {
        add_files -norecurse -fileset sources_1 $images
        set_property file_type {Memory Initialization Files} [get_files $images]
    }
    set_property top $::core [get_filesets sources_1]
    update_compile_order -fileset sources_1
    # Vivado would go on without the image, and the core would compute with zeros
    set_msg_config -id {Synth 8-4445} -new_severity ERROR
}

# Launch a run of the project, and wait for its good end.
proc run {name} {
    launch_runs $name
    wait_on_run $name
    if {[get_property PROGRESS [get_runs $name]] ne "100%"} {
        fail "$name must end well: [get_property STATUS [get_runs $name]]; its log is in $::folder"
    }
}

# Fail unless the open design meets its constraints. Pulse widths, such as a block RAM's, have no
# paths: of a routed design the report tells of them.
proc require_timing {checks} {
    set met {}
    set at "at a period of $::period ns on $::part"
    foreach check $checks {
        set path [lindex [get_timing_paths -$check -max_paths 1] 0]
        set slack ""
        if {$path ne ""} { set slack [get_property SLACK $path] }
        # of a path without a constraint it is inf
        if {![regexp {^-?[0-9.]+$} $slack]} { fail "$check of $::core must be timed, and is not" }
        if {$slack < 0} { fail "timing is missed: $check slack $slack ns $at" }
        lappend met "$check slack $slack ns"
    }
    if {[lsearch -exact $checks hold] >= 0} {
        set report [report_timing_summary -no_detailed_paths -return_string]
        if {[string match "*constraints are not met*" $report]} {
            fail "timing is missed: a pulse width $at; timing.rpt tells which"
        }
    }
    puts "timing is met: [join $met {, }] $at"
}
