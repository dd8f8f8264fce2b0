/** In charge of what Compose knows beyond what a manifest uses. */

/** Keys that Compose knows and Postern has no use for. */
export const ignoredOfCompose = {
  service:
    "annotations attach blkio_config cap_add cap_drop cgroup cgroup_parent configs container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname expose extends external_links extra_hosts gpus group_add hostname init ipc isolation labels label_file links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform post_start pre_stop privileged profiles provider pull_policy read_only runtime scale secrets security_opt shm_size stdin_open stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes volumes_from".split(
      " ",
    ),
  top: ["version", "networks", "volumes", "configs", "secrets", "include", "models"],
};
