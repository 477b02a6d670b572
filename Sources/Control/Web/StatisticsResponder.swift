#if Program
import HTTPTypes
import HummingbirdCore
import NIOCore

/// Answers requests to one statistics page.
struct StatisticsResponder: Sendable {
    let site: StatisticsSite
    let credentials: BasicCredentials
    let page: StatusPage
    /// What puts the node's status together, which takes long where there are many servers.
    let status: @Sendable () async -> @Sendable () -> NodeStatus

    /// The answer to a request; the one who writes it leaves its body away for HEAD.
    func response(to request: Request) async -> Response {
        let target = request.head.path ?? ""
        if site.hasOpenMetrics(at: target) { return await answer(request, .metrics) }
        if let monitor = site.monitor, monitor.path == target {
            return await verdict(of: monitor)
        }
        guard let path = site.path, let form = StatisticsForm(target: target, path: path) else {
            return text("404: nothing here\n", status: .notFound)
        }
        guard credentials.admits(authorization: request.headers[.authorization]) else {
            return text(
                "401: a name and a password are needed\n", status: .unauthorized,
                headers: [.wwwAuthenticate: "Basic realm=\(quotedRealm), charset=\"UTF-8\""])
        }
        return await answer(request, form)
    }

    /// haproxy's words, for whoever looks for them.
    private func verdict(of monitor: Monitor) async -> Response {
        var isServing = monitor.failures.isEmpty
        if !isServing {
            let status = await status()
            isServing = (try? await PageThread.run { monitor.isServing(status()) }) ?? false
        }
        let (title, words) =
            isServing
            ? ("200 OK", "Service ready.")
            : ("503 Service Unavailable", "No server is available to handle this request.")
        return text(
            "<html><body><h1>\(title)</h1>\n\(words)\n</body></html>\n",
            status: isServing ? .ok : .serviceUnavailable, type: "text/html; charset=utf-8")
    }

    private func answer(_ request: Request, _ form: StatisticsForm) async -> Response {
        guard request.method == .get || request.method == .head else {
            return text(
                "405: this page can be read only\n", status: .methodNotAllowed,
                headers: [.allow: "GET, HEAD"])
        }
        let status = await status()
        do {
            return try await PageThread.run { response(form, showing: status()) }
        } catch {
            return text("503: this page is not served any more\n", status: .serviceUnavailable)
        }
    }

    private func response(_ form: StatisticsForm, showing status: NodeStatus) -> Response {
        switch form {
        case .page(let refreshes):
            let html = page.render(
                status, path: site.path ?? "",
                refreshInterval: refreshes ? site.refreshInterval : nil)
            return text(
                html, status: .ok, type: "text/html; charset=utf-8",
                headers: [.contentSecurityPolicy: Self.contentSecurityPolicy])
        case .csv:
            return text(StatisticsCSV.render(status), status: .ok)
        case .json:
            return answer(
                ByteBuffer(bytes: status.json()), status: .ok, type: "application/json")
        case .metrics:
            return answer(
                ByteBuffer(bytes: NodeMetrics.render(status)), status: .ok,
                type: NodeMetrics.contentType)
        }
    }

    private func text(
        _ text: String, status: HTTPResponse.Status, type: String = "text/plain; charset=utf-8",
        headers: HTTPFields = [:]
    ) -> Response {
        answer(ByteBuffer(string: text), status: status, type: type, headers: headers)
    }

    private func answer(
        _ body: ByteBuffer, status: HTTPResponse.Status, type: String, headers: HTTPFields = [:]
    ) -> Response {
        var fields = headers
        fields[.contentType] = type
        fields[.cacheControl] = "no-store"
        fields[.xContentTypeOptions] = "nosniff"
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: body))
    }

    /// The realm as a quoted string: what cannot stand in a header is left out.
    ///
    /// RFC 9110 §5.6.4.
    private var quotedRealm: String {
        var quoted = ""
        for scalar in site.realm.unicodeScalars
        where scalar.value >= 0x20 && scalar.value != 0x7F {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return "\"\(quoted)\""
    }

    /// The page carries its style and nothing else; a script that got in would not run.
    private static let contentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
}
#endif
