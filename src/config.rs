//! The settings: every variable once, with unit, default and consequence. What cannot work is refused at start with a sentence.
//!
//! `cli` reads them from flags and environment; `app` uses them. Secrets do not print.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use url::Url;

use crate::domain::delivery::LEASE_RANGE_S;
use crate::domain::seal::{KEY_BYTES, MasterKey};

/// What a megabyte is here: what disks are sold by.
pub const BYTES_PER_MB: u64 = 1_000_000;

/// Settings of the server and of the commands that open its database.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    /// Where everything is kept: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`.
    #[arg(
        long,
        env = "BLUEBRIDGE_DATABASE_URL",
        default_value = "sqlite://./bluebridge.db",
        hide_env_values = true
    )]
    pub database_url: String,

    /// Address and port to listen on.
    #[arg(long, env = "BLUEBRIDGE_LISTEN", default_value = "127.0.0.1:8080", value_parser = listen)]
    pub listen: SocketAddr,

    /// The address under which Blue and people reach this server, for links and inbound addresses. Default: http:// and the listening address.
    #[arg(long, env = "BLUEBRIDGE_PUBLIC_URL", value_parser = public_url)]
    pub public_url: Option<Url>,

    /// Base64 of the 32 bytes that secrets are sealed with. When neither this nor the file is set, a key is made and kept beside the SQLite file.
    #[arg(skip)]
    pub master_key: Option<MasterKey>,

    /// File that holds the master key.
    #[arg(long, env = "BLUEBRIDGE_MASTER_KEY_FILE")]
    pub master_key_file: Option<PathBuf>,

    /// Networks (CIDR, comma separated) that destinations may reach although they are private, e.g. `127.0.0.0/8`.
    #[arg(long, env = "BLUEBRIDGE_ALLOW_NETWORKS", value_delimiter = ',', value_parser = network)]
    pub allow_networks: Vec<IpNet>,

    /// Proxies (CIDR, comma separated) whose `X-Forwarded-For` tells where a request comes from; nobody else's is believed.
    #[arg(long, env = "BLUEBRIDGE_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// After how many days events with their deliveries are forgotten, once all of them are finished; 0 keeps them for ever.
    #[arg(long, env = "BLUEBRIDGE_RETENTION_DAYS", default_value_t = 90, value_parser = days)]
    pub retention_days: u32,

    /// How large the database may be, in MB of 1,000,000 bytes, before the oldest finished events are forgotten early; 0 sets no limit.
    #[arg(long, env = "BLUEBRIDGE_RETENTION_MAX_MB", default_value_t = 0, value_parser = megabytes)]
    pub retention_max_mb: u64,

    /// How long a node may hold a delivery, in seconds: when it dies, others send again what it held after so long. At least 45.
    #[arg(long, env = "BLUEBRIDGE_LEASE_S", default_value_t = 120, value_parser = clap::value_parser!(u32).range(LEASE_RANGE_S))]
    pub lease_s: u32,

    /// What this server is called among those that share a PostgreSQL database. Default: the machine's name and the listening port.
    #[arg(long, env = "BLUEBRIDGE_NODE_NAME")]
    pub node_name: Option<String>,

    /// Verified requests a second that one source may make before Blue is told to come again later; 0 sets no limit.
    #[arg(long, env = "BLUEBRIDGE_SOURCE_PER_SECOND", default_value_t = 10_000, value_parser = requests)]
    pub source_per_second: u32,

    /// What to log: `error`, `warn`, `info`, `debug`, or a filter like `bluebridge=debug`. With the prefix `json:` each line is a JSON object.
    #[arg(long, env = "BLUEBRIDGE_LOG", default_value = "info")]
    pub log: String,
}

fn days(text: &str) -> Result<u32, String> {
    number(text, "days")
}

fn megabytes(text: &str) -> Result<u64, String> {
    number(text, "megabytes")
}

fn requests(text: &str) -> Result<u32, String> {
    number(text, "requests a second")
}

fn number<N: std::str::FromStr>(text: &str, unit: &str) -> Result<N, String> {
    let text = text.trim();
    text.parse().map_err(|_| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number {
            format!("so many {unit} are more than can be meant; 0 sets no limit")
        } else {
            format!("a whole number of {unit} is needed, like 30, or 0 for no limit")
        }
    })
}

/// An address that paths can be added to.
fn public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim())
        .map_err(|error| format!("{error}; write it in full, like https://bridge.example.com"))?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
    let has_more = url.path() != "/"
        || url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some();
    if is_web && !has_more {
        Ok(url)
    } else {
        Err("an http or https address without user name, path, query and fragment is needed, like https://bridge.example.com: the pages have a host of their own".into())
    }
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.trim()
        .parse()
        .map_err(|_| "an address and a port in digits are needed, like 127.0.0.1:8080, or 0.0.0.0:8080 for every interface".into())
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "neither a network like 10.0.0.0/8 nor an address like 127.0.0.1".into())
}

/// A setting that cannot work, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

impl Settings {
    /// The retention in days; `None` keeps everything.
    pub fn retention(&self) -> Option<u32> {
        Some(self.retention_days).filter(|days| *days > 0)
    }

    /// How large the database may be, in bytes; `None` sets no limit.
    pub fn retention_max_bytes(&self) -> Option<u64> {
        Some(self.retention_max_mb)
            .filter(|mb| *mb > 0)
            .map(|mb| mb.saturating_mul(BYTES_PER_MB))
    }

    /// What this node is called.
    pub fn node_name(&self) -> String {
        let machine = || {
            let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
            format!("{}:{}", name.trim(), self.listen.port())
        };
        self.node_name.clone().unwrap_or_else(machine)
    }

    /// The address that people and Blue are told, without a slash at the end.
    pub fn public_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_string(),
            None => format!("http://{}", self.listen),
        }
    }

    /// The master key: from the environment, from its file, or from the file beside the database, which
    /// is made together with that.
    pub fn master_key(&self) -> Result<MasterKey, SettingsError> {
        match self.key_place()? {
            KeyPlace::Given(key) => Ok(key),
            KeyPlace::File(path) if pending_key(&path).exists() => Err(SettingsError(format!(
                "A rotation of the master key was begun and did not end ({} exists). Run `bluebridge rotate-key` again; it goes on where it stopped.",
                pending_key(&path).display()
            ))),
            KeyPlace::File(path) if path.exists() || self.master_key_file.is_some() => {
                read_key(&path)
            }
            KeyPlace::File(path) => match self.database_file().filter(|file| file.exists()) {
                None => make_key(&path),
                Some(file) => Err(SettingsError(format!(
                    "The database {} is there, and its master key {} is not: put the key file back, or set BLUEBRIDGE_MASTER_KEY.",
                    file.display(),
                    path.display()
                ))),
            },
        }
    }

    /// Where the master key comes from, for somebody whose key does not fit.
    pub fn key_in_words(&self) -> String {
        match self.key_place() {
            Ok(KeyPlace::File(path)) => format!("The master key is from {}", path.display()),
            _ => "The master key is from BLUEBRIDGE_MASTER_KEY".into(),
        }
    }

    /// What stands in the way of a first start, which makes a key and a file; nothing is made here. Where there is a database it says nothing.
    pub fn check_first_start(&self) -> Result<(), SettingsError> {
        match self.key_place()? {
            KeyPlace::File(path) if path.exists() || self.master_key_file.is_some() => {
                read_key(&path)?;
            }
            _ => {}
        }
        let Some(file) = self.database_file().filter(|file| !file.exists()) else {
            return Ok(());
        };
        let folder = folder_of(&file);
        let refused = |why: String| SettingsError(format!("BLUEBRIDGE_DATABASE_URL: {why}"));
        match folder.metadata() {
            Ok(found) if !found.is_dir() => {
                Err(refused(format!("{} is no folder.", folder.display())))
            }
            Ok(found) if found.permissions().readonly() => Err(refused(format!(
                "nothing may be written into {}.",
                folder.display()
            ))),
            Ok(_) => Ok(()),
            Err(error) => Err(refused(format!(
                "the folder {} cannot be used: {error}.",
                folder.display()
            ))),
        }
    }

    /// The file that a SQLite database is in.
    pub fn database_file(&self) -> Option<PathBuf> {
        self.database_url
            .strip_prefix("sqlite://")
            .map(PathBuf::from)
    }

    /// Before a key is made beside a file that is none. The address is not repeated: it may hold a password.
    fn check_database_url(&self) -> Result<(), SettingsError> {
        let url = &self.database_url;
        let file = url.strip_prefix("sqlite://").unwrap_or_default();
        // An earlier version took it all for the name of the file, and may have made it.
        if file.contains('?') && !Path::new(file).exists() {
            return Err(SettingsError(
                "BLUEBRIDGE_DATABASE_URL: a SQLite file takes no parameters; leave out the `?` and what follows it.".into(),
            ));
        }
        if Path::new(file).is_dir() {
            return Err(SettingsError(format!(
                "BLUEBRIDGE_DATABASE_URL: {file} is a folder; name a file in it, like sqlite://{}/bluebridge.db.",
                file.trim_end_matches('/')
            )));
        }
        let is_file = !file.is_empty() && !file.starts_with(':');
        if is_file || url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(());
        }
        Err(SettingsError(
            "Set BLUEBRIDGE_DATABASE_URL to sqlite://PATH, a file that is kept, or to postgres://USER:PASSWORD@HOST/DATABASE.".into(),
        ))
    }

    /// Where the master key is.
    pub fn key_place(&self) -> Result<KeyPlace, SettingsError> {
        self.check_database_url()?;
        if let Some(key) = &self.master_key {
            return Ok(KeyPlace::Given(key.clone()));
        }
        let from_environment = std::env::var("BLUEBRIDGE_MASTER_KEY");
        // A variable that is set to nothing is none, like every other.
        if let Some(text) = from_environment.ok().filter(|text| !text.is_empty()) {
            return MasterKey::from_base64(&text)
                .map(KeyPlace::Given)
                .map_err(|error| SettingsError(format!("BLUEBRIDGE_MASTER_KEY: {error}")));
        }
        if let Some(path) = &self.master_key_file {
            return Ok(KeyPlace::File(path.clone()));
        }
        let database = self.database_url.strip_prefix("sqlite://").ok_or_else(|| {
            SettingsError("Set BLUEBRIDGE_MASTER_KEY or BLUEBRIDGE_MASTER_KEY_FILE; only beside a SQLite file is a key made by itself.".into())
        })?;
        Ok(KeyPlace::File(Path::new(database).with_extension("key")))
    }
}

/// Where a master key is.
#[derive(Debug)]
pub enum KeyPlace {
    /// In the environment.
    Given(MasterKey),
    /// In a file, which may not be there yet.
    File(PathBuf),
}

/// The folder that a file is in; the present one when it has no other.
pub fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Where a rotation writes the next key until it is in force.
pub fn pending_key(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Reads a key file.
pub fn read_key(path: &Path) -> Result<MasterKey, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        SettingsError(format!(
            "The master key file {} cannot be read: {error}.",
            path.display()
        ))
    })?;
    MasterKey::from_base64(&text)
        .map_err(|error| SettingsError(format!("{}: {error}", path.display())))
}

/// Writes a new key, readable by its owner only. An existing file is never overwritten.
pub fn make_key(path: &Path) -> Result<MasterKey, SettingsError> {
    use std::io::Write as _;
    let key = MasterKey::new(rand::random::<[u8; KEY_BYTES]>());
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| {
            file.write_all(key.to_base64().as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            sync_folder(path)
        })
        .map_err(|error| {
            SettingsError(format!(
                "The master key file {} cannot be made: {error}.",
                path.display()
            ))
        })?;
    Ok(key)
}

/// Makes sure that a file that was made or renamed is still found after a power failure: its name is on disk when its folder is.
pub fn sync_folder(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder_of(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_stand_for_its_network_and_blanks_do_not_count() {
        for (text, read) in [
            ("127.0.0.1", "127.0.0.1/32"),
            (" ::1/128 ", "::1/128"),
            ("fe80::1", "fe80::1/128"),
            ("10.0.0.0/8", "10.0.0.0/8"),
        ] {
            assert_eq!(network(text).unwrap().to_string(), read);
        }
        for text in ["", "10.0.0.0/33", "localhost"] {
            assert!(network(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_public_address_has_no_path_of_its_own() {
        for text in ["https://b.example.com", "http://127.0.0.1:8080/"] {
            public_url(text).unwrap();
        }
        for text in [
            "b.example.com",
            "https://b.example.com/bridge/",
            "ftp://b.example.com",
            "https://u:p@b.example.com",
            "https://b.example.com?a=1",
            "https://b.example.com/#a",
        ] {
            assert!(public_url(text).is_err(), "{text}");
        }
    }
}
