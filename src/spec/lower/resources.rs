//! CPU, memory and devices.

use crate::model::{BlkioRate, DeviceRequest, Service};
use crate::spec::{BlkioSpec, DeviceRequestSpec, DeviceSpec, ResourceSpec, ThrottleSpec, UlimitSpec};

pub(super) fn resources(service: &Service) -> ResourceSpec {
    let container = &service.container;
    let deploy = service.deploy.as_ref().map(|deploy| &deploy.resources);
    let limits = deploy.and_then(|resources| resources.limits.as_ref());
    let reservations = deploy.and_then(|resources| resources.reservations.as_ref());
    let either = |own: i64, deployed: Option<i64>| deployed.filter(|value| *value != 0).unwrap_or(own);
    let cpus = limits.map(|l| l.cpus).filter(|cpus| *cpus != 0.0).unwrap_or(container.cpus);
    let pids = limits.map(|l| l.pids).filter(|pids| *pids > 0).unwrap_or(container.pids_limit);
    let (devices, cdi) = devices(service);
    let mut device_requests: Vec<DeviceRequestSpec> =
        reservations.into_iter().flat_map(|r| &r.devices).map(|r| device_request(r, None)).collect();
    if !cdi.is_empty() {
        device_requests.push(DeviceRequestSpec {
            driver: "cdi".to_owned(),
            device_ids: cdi,
            ..DeviceRequestSpec::default()
        });
    }
    device_requests.extend(container.gpus.iter().map(|request| device_request(request, Some("gpu"))));
    ResourceSpec {
        memory: either(container.mem_limit.0, limits.map(|l| l.memory.0)),
        memory_reservation: either(container.mem_reservation.0, reservations.map(|r| r.memory.0)),
        memory_swap: container.memswap_limit.0,
        memory_swappiness: Some(container.mem_swappiness.0).filter(|value| *value != 0),
        oom_kill_disable: container.oom_kill_disable,
        oom_score_adj: container.oom_score_adj,
        shm_size: container.shm_size.0,
        // The reference multiplies 32-bit floats and cuts off.
        nano_cpus: (cpus * 1e9_f32) as i64,
        cpu_shares: container.cpu_shares,
        cpu_period: container.cpu_period,
        cpu_quota: container.cpu_quota,
        cpu_rt_period: container.cpu_rt_period,
        cpu_rt_runtime: container.cpu_rt_runtime,
        cpuset: container.cpuset.clone(),
        cpu_count: container.cpu_count,
        cpu_percent: (container.cpu_percent * 100.0) as i64,
        pids_limit: Some(pids).filter(|pids| *pids != 0),
        ulimits: ulimits(service),
        devices,
        device_requests,
        device_cgroup_rules: container.device_cgroup_rules.clone(),
        blkio: blkio(service),
    }
}

fn ulimits(service: &Service) -> Vec<UlimitSpec> {
    let mut all: Vec<UlimitSpec> = service
        .container
        .ulimits
        .iter()
        .map(|(name, limit)| {
            let (soft, hard) = limit.limits();
            UlimitSpec { name: name.clone(), soft, hard }
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Devices of the host, and qualified CDI names apart.
fn devices(service: &Service) -> (Vec<DeviceSpec>, Vec<String>) {
    let mut plain = Vec::new();
    let mut cdi = Vec::new();
    for device in &service.container.devices {
        let source = device.source.clone().unwrap_or_default();
        let target = device.target.clone().filter(|t| !t.is_empty()).unwrap_or_else(|| source.clone());
        if target == source && is_cdi(&source) {
            cdi.push(source);
        } else {
            let permissions = device.permissions.clone().filter(|p| !p.is_empty());
            plain.push(DeviceSpec {
                source,
                target,
                permissions: permissions.unwrap_or_else(|| "rwm".to_owned()),
            });
        }
    }
    (plain, cdi)
}

/// `vendor/class=name`.
fn is_cdi(name: &str) -> bool {
    !name.starts_with('/')
        && name.split_once('=').is_some_and(|(kind, device)| {
            !device.is_empty() && kind.split_once('/').is_some_and(|(v, c)| !v.is_empty() && !c.is_empty())
        })
}

fn device_request(request: &DeviceRequest, also: Option<&str>) -> DeviceRequestSpec {
    DeviceRequestSpec {
        driver: request.driver.clone().unwrap_or_default(),
        count: request.count,
        device_ids: request.device_ids.clone(),
        capabilities: request
            .capabilities
            .iter()
            .map(String::as_str)
            .chain(also)
            .map(str::to_owned)
            .collect(),
        options: request.options.clone(),
    }
}

fn blkio(service: &Service) -> BlkioSpec {
    let Some(config) = &service.container.blkio_config else { return BlkioSpec::default() };
    let rates = |list: &[BlkioRate]| {
        list.iter()
            .map(|rate| ThrottleSpec {
                path: rate.path.clone(),
                rate: u64::try_from(rate.rate.0).unwrap_or(0),
            })
            .collect()
    };
    BlkioSpec {
        weight: config.weight,
        weight_device: config.weight_device.iter().map(|d| (d.path.clone(), d.weight)).collect(),
        device_read_bps: rates(&config.device_read_bps),
        device_read_iops: rates(&config.device_read_iops),
        device_write_bps: rates(&config.device_write_bps),
        device_write_iops: rates(&config.device_write_iops),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn cdi_names_are_told_from_paths() {
        assert!(super::is_cdi("vendor.com/gpu=all"));
        assert!(!super::is_cdi("/dev/x=y") && !super::is_cdi("vendor.com/gpu") && !super::is_cdi("a=b"));
    }
}
