# Stands for Vivado: runs a script with commands that are known, and no others.
#
#   tclsh vivado_stub.tcl COMMANDS LOG ANSWERS SCRIPT [WORD ...]
#
# COMMANDS: a Tcl dictionary of each command's switches and words. LOG: gets a JSON object a line for
# every call. ANSWERS: a dictionary of what get_property returns, by name. Files that are named must
# exist, and a project or a design must be open where a command needs one.

namespace eval stub {
    variable added {} design 0 project 0 properties {} root ""

    proc read_all {path} {
        set file [open $path]
        fconfigure $file -encoding utf-8
        set text [read $file]
        close $file
        return $text
    }

    proc json {text} {
        return \"[string map {\\ \\\\ \" \\\" \n \\n \t \\t} $text]\"
    }

    # what a list holds; a text that is no list is itself
    proc json_list {value} {
        if {[catch {llength $value}]} { return "\[[json $value]\]" }
        set items {}
        foreach item $value { lappend items [json $item] }
        return "\[[join $items ,]\]"
    }

    proc call {command words} {
        variable log
        array set given {}
        set known [dict get $::stub::commands $command]
        set switches [dict merge [dict get $known switches] {-quiet 0 -verbose 0}]
        set rest {}
        for {set k 0} {$k < [llength $words]} {incr k} {
            set word [lindex $words $k]
            if {[regexp {^-[a-zA-Z]} $word]} {
                if {![dict exists $switches $word]} { error "$command knows no switch $word" }
                if {[info exists given($word)]} { error "$command has $word twice" }
                if {[dict get $switches $word]} {
                    incr k
                    if {$k == [llength $words]} { error "$command must have a value behind $word" }
                    set given($word) [lindex $words $k]
                } else {
                    set given($word) ""
                }
            } else {
                lappend rest $word
            }
        }
        lassign [dict get $known words] least most
        if {[llength $rest] < $least || [llength $rest] > $most} {
            error "$command must have $least to $most words, not [llength $rest]: $rest"
        }
        set pairs {}
        foreach name [lsort [array names given]] {
            lappend pairs "[json $name]: [json_list $given($name)]"
        }
        set lists {}
        foreach word $rest { lappend lists [json_list $word] }
        puts $log "{\"command\": [json $command], \"switches\": {[join $pairs ,]}, \"words\": \[[join $lists ,]\]}"
        flush $log
        set hook ::stub::do_[string map {:: _} $command]
        if {[info commands $hook] ne ""} {
            return [$hook [array get given] {*}$rest]
        }
        return ""
    }

    proc must_exist {paths} {
        foreach path $paths {
            if {![file isfile $path]} { error "there is no file $path" }
            if {[file pathtype $path] ne "absolute"} { error "$path depends on the current folder" }
        }
    }

    proc must_be_open {what} {
        variable project
        variable design
        if {![set $what]} { error "no $what is open" }
    }

    proc touch {path} { close [open $path w] }

    proc known_property {name} {
        variable properties
        if {[lsearch -exact $properties $name] < 0} { error "there is no property $name" }
    }

    proc do_create_project {given args} {
        variable project 1
        variable added {}
        array set option $given
        if {![info exists option(-part)]} { error "create_project without -part" }
        if {![info exists option(-in_memory)]} {
            lassign $args name folder
            if {[file exists [file join $folder $name.xpr]]} { error "$folder has a project" }
            file mkdir $folder
            touch [file join $folder $name.xpr]
        }
    }
    proc do_close_project {given} { must_be_open project; variable project 0; variable design 0 }
    proc do_add_files {given paths} {
        variable added
        must_be_open project
        must_exist $paths
        foreach path $paths {
            if {[lsearch -exact $added $path] >= 0} { error "$path is added twice" }
            lappend added $path
        }
        return $paths
    }
    proc do_get_files {given {paths {}}} {
        variable added
        foreach path $paths {
            if {[lsearch -exact $added $path] < 0} { error "no file of the project is $path" }
        }
        return $paths
    }
    proc do_get_filesets {given name} {
        if {[lsearch -exact {sources_1 constrs_1 sim_1} $name] < 0} { error "no fileset is $name" }
        return $name
    }
    proc do_set_property {given args} {
        array set option $given
        if {[info exists option(-name)]} {
            set args [list $option(-name) $option(-value) $option(-objects)]
        }
        lassign $args name value object
        if {[llength $args] != 3 || $object eq ""} { error "set_property has no object: $args" }
        known_property $name
    }
    proc do_get_property {given name object} {
        known_property $name
        if {$object eq ""} { error "get_property $name has no object" }
        if {[dict exists $::stub::answers $name]} { return [dict get $::stub::answers $name] }
        if {$name eq "SLACK"} { return [dict get $::stub::answers SLACK-$object] }
        return $object
    }
    proc do_current_project {given} { must_be_open project; return project }

    proc do_launch_runs {given name} { must_be_open project; do_get_runs {} $name }
    proc do_get_runs {given name} {
        if {[lsearch -exact {synth_1 impl_1 trial_synth_1} $name] < 0} { error "no run is $name" }
        return $name
    }
    proc do_wait_on_run {given name} { do_get_runs {} $name }
    proc do_open_run {given name} { variable design 1; do_get_runs {} $name }
    proc do_read_xdc {given paths} { must_be_open project; must_exist $paths; return $paths }
    proc do_synth_design {given} { must_be_open project; variable design 1 }
    foreach command {opt_design place_design phys_opt_design route_design} {
        proc do_$command {given} { must_be_open design }
    }
    proc do_write_checkpoint {given path} { must_be_open design; touch $path }
    foreach command {report_utilization report_timing_summary} {
        proc do_$command {given} {
            must_be_open design
            array set option $given
            if {[info exists option(-return_string)]} { return [dict get $::stub::answers report] }
            touch $option(-file)
        }
    }
    proc do_get_timing_paths {given} {
        must_be_open design
        set check [string trimleft [dict keys [dict remove $given -max_paths]] -]
        if {[lsearch -exact [dict get $::stub::answers pathless] $check] >= 0} { return "" }
        return $check
    }
    proc do_get_sites {given} { must_be_open design; return [dict get $::stub::answers sites] }
    proc do_get_ports {given names} { return $names }
    proc do_get_parts {given part} {
        return [expr {[string match xc7nowhere* $part] ? "" : $part}]
    }

    proc do_get_ipdefs {given pattern} { return [dict get $::stub::answers definitions] }
    proc do_get_ips {given name} { return $name }

    proc do_ipx_package_project {given} {
        must_be_open project
        variable added
        variable root
        array set option $given
        set root $option(-root_dir)
        foreach path $added {
            if {[string first $root/ [file normalize $path]] != 0} { error "$path is outside of the IP $root" }
        }
    }
    proc do_ipx_current_core {given} { return core }
    proc do_ipx_get_user_parameters {given {pattern *}} {
        return [lsearch -all -inline -glob {Component_Name MEM_DIR} $pattern]
    }
    proc do_ipx_add_bus_interface {given name core} { return $name }
    proc do_ipx_add_port_map {given logical interface} { return "$interface.$logical" }
    proc do_ipx_add_bus_parameter {given name interface} { return "$interface.$name" }
    proc do_ipx_get_file_groups {given pattern} { return xilinx_anylanguagesynthesis }
    proc do_ipx_get_files {given} {
        variable added
        variable root
        set names {}
        foreach path $added { lappend names [string range $path [string length $root/] end] }
        return [lrange $names 0 end-[dict get $::stub::answers lost]]
    }
    proc do_ipx_save_core {given core} {
        variable root
        touch [file join $root component.xml]
    }
}

encoding system utf-8
set argv [lassign $argv stub::commands stub::log stub::answers script]
set argc [llength $argv]
set stub::commands [stub::read_all $stub::commands]
set stub::answers [stub::read_all $stub::answers]
set stub::log [open $stub::log w]
fconfigure $stub::log -encoding utf-8
set stub::properties [dict get $stub::commands properties names]
foreach command [dict keys [dict remove $stub::commands properties]] {
    namespace eval [string trimright [namespace qualifiers $command] :] {}
    proc ::$command {args} "stub::call [list $command] \$args"
}
proc unknown {args} { error "neither Tcl nor the listed part of Vivado knows [lindex $args 0]" }
# Vivado up to 2020 has Tcl 8.5
foreach newer {lmap try tailcall coroutine} { rename $newer "" }

if {[catch { source $script } message]} {
    puts stderr "ERROR: $message"
    exit 1
}
