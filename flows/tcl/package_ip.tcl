# Package the core as an IP, for the IP catalog and block designs.
#
#   vivado -mode batch -source package_ip.tcl [-tclargs FOLDER [VENDOR [VERSION]]]
#
# FOLDER: of the IP, must not exist; by default <core>_ip in the current folder. Add it to
# ip_repo_paths of a project. VENDOR: kolam by default. VERSION: 1.0 by default.
#
# The IP is its folder and nothing else: files are copied into it and named relative to it. Its
# interfaces are stated one by one: what Vivado infers from names differs between versions, and
# attributes would make the Verilog one vendor's.

source [file join [file dirname [file normalize [info script]]] common.tcl]
set part [known_part $part]
set folder [new_folder [argument 0 ${core}_ip]]
set vendor [argument 1 kolam]
set version [argument 2 1.0]

# Copy files into a folder of the IP; return where they are.
proc copy_into {folder files} {
    file mkdir $folder
    set copies {}
    foreach path $files {
        file copy $path $folder
        lappend copies [file join $folder [file tail $path]]
    }
    return $copies
}

# Add an interface to the IP; pins: logical and physical names in turn.
proc add_interface {ip name mode library kind pins} {
    set interface [ipx::add_bus_interface $name $ip]
    set_property bus_type_vlnv xilinx.com:$library:$kind:1.0 $interface
    set_property abstraction_type_vlnv xilinx.com:$library:${kind}_rtl:1.0 $interface
    set_property interface_mode $mode $interface
    foreach {logical physical} $pins {
        set_property physical_name $physical [ipx::add_port_map $logical $interface]
    }
    return $interface
}

proc add_parameter {interface name value} {
    set_property value $value [ipx::add_bus_parameter $name $interface]
}

set scratch [file join $folder scratch]
create_project packaging $scratch -part $part
add_core [copy_into [file join $folder hdl] $rtl] [copy_into [file join $folder mem] $images]
set clocks [copy_into [file join $folder xdc] [list [file join $here ${core}_ooc.xdc]]]
add_files -norecurse -fileset constrs_1 $clocks
set_property used_in {synthesis implementation out_of_context} [get_files $clocks]

ipx::package_project -root_dir $folder -vendor $vendor -library ip -taxonomy /kolam
set ip [ipx::current_core]
set_property name $core $ip
set_property version $version $ip
set_property display_name $core $ip
set_property description $title $ip
set_property auto_family_support_level level_2 $ip
# the parameter MEM_DIR is for other tools: in a project images are found by their names
foreach parameter [ipx::get_user_parameters MEM_DIR -of_objects $ip] {
    ipx::remove_user_parameter [get_property NAME $parameter] $ip
}

ipx::remove_all_bus_interface $ip
set buses {}
foreach {name mode pins} $streams {
    add_interface $ip $name $mode interface axis $pins
    lappend buses $name
}
set interface [add_interface $ip $reset slave signal reset [list RST $reset]]
add_parameter $interface POLARITY ACTIVE_HIGH
set interface [add_interface $ip $clock slave signal clock [list CLK $clock]]
add_parameter $interface ASSOCIATED_BUSIF [join $buses :]
add_parameter $interface ASSOCIATED_RESET $reset
# it runs at any clock: let none be compared with the frequency of a block design
set_property ipi_drc {ignore_freq_hz true} $ip

# what is missing here, or named by an absolute path, would be missing in another project
set group [ipx::get_file_groups *synthesis* -of_objects $ip]
set packaged {}
foreach path [ipx::get_files -of_objects $group] { lappend packaged [get_property NAME $path] }
foreach path [concat $rtl $images] {
    set name [expr {[file extension $path] eq ".v" ? "hdl" : "mem"}]/[file tail $path]
    if {[lsearch -exact $packaged $name] < 0} { fail "$name must be among the files of the IP" }
}

ipx::create_xgui_files $ip
ipx::update_checksums $ip
ipx::check_integrity $ip
ipx::save_core $ip
close_project
file delete -force $scratch
puts "the IP $vendor:ip:$core:$version is in $folder"
