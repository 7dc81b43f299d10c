//! RabbitMQ with its MQTT plugin, from Debian's package: MQTT 3.1.1 only, and slow to start.

use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Certificates, PASSWORD, Ports, Running, USER, folder, free_port, program, write};

pub(crate) struct RabbitMq {
    folder: TempDir,
    process: Option<Running>,
    /// Erlang's name server, as a child of ours: it would outlive a node that starts it.
    _names: Running,
    names_port: u16,
    pub(crate) ports: Ports,
    pub(crate) certificates: Certificates,
}

impl RabbitMq {
    pub(crate) fn start() -> Self {
        let (folder, certificates, ports, names_port) =
            (folder(), Certificates::make(), Ports::free(), free_port());
        let mut names = Command::new(program("epmd", "rabbitmq-server"));
        names
            .args(["-port", &names_port.to_string(), "-address", "127.0.0.1"])
            .stderr(Stdio::null());
        let names = Running::start(&mut names);
        let mut broker =
            Self { folder, process: None, _names: names, names_port, ports, certificates };
        broker.configure();
        broker.run();
        broker
    }

    fn configure(&self) {
        let [ca, server, key] =
            [self.certificates.ca(), self.certificates.server(), self.certificates.key()]
                .map(|path| path.display().to_string());
        let config = format!(
            "listeners.tcp = none\nmqtt.allow_anonymous = false\nloopback_users = none\nlog.console = false\n\
             mqtt.listeners.tcp.1 = 127.0.0.1:{}\nmqtt.listeners.tcp.2 = ::1:{}\nmqtt.listeners.ssl.1 = 127.0.0.1:{}\n\
             ssl_options.cacertfile = {ca}\nssl_options.certfile = {server}\nssl_options.keyfile = {key}\n\
             ssl_options.verify = verify_none\nweb_mqtt.tcp.ip = 127.0.0.1\nweb_mqtt.tcp.port = {}\n\
             web_mqtt.ssl.ip = 127.0.0.1\nweb_mqtt.ssl.port = {}\nweb_mqtt.ssl.certfile = {server}\n\
             web_mqtt.ssl.keyfile = {key}\nweb_mqtt.ssl.cacertfile = {ca}\ndefault_user = {USER}\ndefault_pass = {PASSWORD}\n",
            self.ports.plain,
            self.ports.ipv6,
            self.ports.tls,
            self.ports.websocket,
            self.ports.secure_websocket,
        );
        write(self.folder.path(), "rabbitmq.conf", &config);
        write(self.folder.path(), "plugins", "[rabbitmq_mqtt,rabbitmq_web_mqtt].\n");
    }

    fn run(&mut self) {
        let at = |name: &str| self.folder.path().join(name);
        // The script of this name in /usr/sbin changes the user; the one behind it does not.
        let mut command = Command::new(program("rabbitmq-server", "rabbitmq-server"));
        command
            .env("HOME", self.folder.path())
            .env("RABBITMQ_NODENAME", format!("steward{}@localhost", self.ports.plain))
            .env("RABBITMQ_DIST_PORT", free_port().to_string())
            .env("ERL_EPMD_PORT", self.names_port.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins"))
            .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            .env("RABBITMQ_PID_FILE", at("pid"))
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}",
            )
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut process = Running::start(&mut command);
        assert!(process.listens(self.ports.plain), "rabbitmq-server ended at its start");
        self.process = Some(process);
    }

    /// The script waits for the virtual machine, which alone can be told to stop.
    fn stop(&mut self) {
        let pid = std::fs::read_to_string(self.folder.path().join("pid")).unwrap_or_default();
        if let Ok(pid) = pid.trim().parse() {
            let pid = nix::unistd::Pid::from_raw(pid);
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).ok();
        }
        if let Some(mut process) = self.process.take() {
            process.0.wait().ok();
        }
    }

    pub(crate) fn restart(&mut self) {
        self.stop();
        self.run();
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.stop();
    }
}
