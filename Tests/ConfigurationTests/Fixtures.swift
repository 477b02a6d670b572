import NodeConfiguration
import Testing

/// The seed's files, held verbatim beside this file.
enum Fixture: String, CaseIterable {
    case keepalivedMaster = "keepalived-master.conf"
    case keepalivedBackup = "keepalived-backup.conf"
    case haproxy = "haproxy.cfg"

    var file: InputFile {
        get throws {
            let directory = "\(#filePath)".split(separator: "/").dropLast().joined(separator: "/")
            let bytes = try InputFile(reading: "/\(directory)/Fixtures/\(rawValue)").bytes
            return InputFile(name: rawValue, bytes: bytes)
        }
    }

    /// The file as a paste from a web page has it.
    var withNoBreakSpaces: InputFile {
        get throws {
            let file = try file
            return InputFile(
                name: file.name, bytes: file.bytes.flatMap { $0 == 0x20 ? [0xC2, 0xA0] : [$0] })
        }
    }
}

/// Reads one file named `f` and prints what there is to say about it.
func diagnose(_ text: String, as format: SourceFormat? = nil) -> [String] {
    load(text, as: format).diagnostics.map(\.description)
}

/// Reads one file named `f`; as native YAML it must say the same, whatever it is.
func load(_ text: String, as format: SourceFormat? = nil) -> LoadedConfiguration {
    let (loader, file) = (
        ConfigurationLoader(format: format), InputFile(name: "f", bytes: Array(text.utf8))
    )
    guard file.bytes.count < 100_000 else { return loader.load([file]) }
    let conversion = loader.convert([file])
    #expect(conversion.difference == nil, "\(conversion.text ?? "")")
    return loader.load([file])
}

/// A keepalived file with one virtual router that says `lines` besides the necessary.
func instance(_ lines: String) -> String {
    """
    vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    virtual_ipaddress { 172.17.0.5 }
    \(lines)
    }
    """
}

/// A haproxy file with one section that says `lines` besides the necessary.
func proxy(_ lines: String) -> String {
    """
    defaults
    timeout client 1m
    timeout server 1m
    timeout connect 5s
    listen web 192.0.2.1:80
    server a 192.0.2.11:80
    \(lines)
    """
}
