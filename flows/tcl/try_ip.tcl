# Use the packaged IP in a project that knows nothing but its folder, and synthesise it there.
#
#   vivado -mode batch -source try_ip.tcl [-tclargs IP_FOLDER [PART [FOLDER]]]
#
# IP_FOLDER: as package_ip.tcl made it, by default <core>_ip in the current folder. PART: instead
# of the one in core.tcl. FOLDER: of the project, must not exist; by default <core>_trial.

source [file join [file dirname [file normalize [info script]]] common.tcl]
set repository [file normalize [argument 0 ${core}_ip]]
if {![file exists [file join $repository component.xml]]} {
    fail "$repository must be an IP, made by package_ip.tcl"
}
set part [known_part [argument 1 $part]]
set folder [new_folder [argument 2 ${core}_trial]]

create_project trial $folder -part $part
set_msg_config -id {Synth 8-4445} -new_severity ERROR
set_property ip_repo_paths [list $repository] [current_project]
update_ip_catalog
set definition [lindex [get_ipdefs -all *:ip:$core:*] 0]
if {$definition eq ""} { fail "$core must be in the catalog of IPs from $repository" }
create_ip -vlnv $definition -module_name trial
generate_target all [get_ips trial]
create_ip_run [get_ips trial]
run trial_synth_1
puts "the IP $definition works in another project"
