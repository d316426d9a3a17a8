// modules: Core Files

/// Throws bytes at the document readers, the decoder and the overrides.
///
/// The first byte chooses what the rest is. Whatever is accepted must come back the same after
/// being written as JSON; whatever is refused must be refused in whole messages.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzStudy(_ data: UnsafePointer<UInt8>, _ size: Int) -> Int32 {
  guard size > 0 else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: data + 1, count: size - 1))
  switch data[0] % 3 {
  case 0: checkDocument(bytes, .yaml)
  case 1: checkDocument(bytes, .json)
  default: checkOverride(String(decoding: bytes, as: UTF8.self))
  }
  return 0
}

private func checkDocument(_ bytes: [UInt8], _ format: DocumentReader.Format) {
  do throws(DocumentError) {
    let root = try DocumentReader.read(bytes, name: "fuzz", format: format)
    checkRoundTrip(root)
    _ = try root.decode(FuzzedStudy.init)
  } catch {
    check(error)
  }
}

private func checkOverride(_ argument: String) {
  let study = "strategy: x\nexecution: {commission: 1}\nsymbols: [a, b]\n"
  do throws(DocumentError) {
    let root = try DocumentReader.read(Array(study.utf8), name: "fuzz", format: .yaml)
    let changed = try DocumentOverride(parsing: argument).applied(to: root)
    _ = try changed.decode(FuzzedStudy.init)
  } catch {
    check(error)
  }
}

private func checkRoundTrip(_ root: DocumentNode) {
  let text = JSONWriter.bytes(of: JSONValue(root))
  do throws(DocumentError) {
    let back = try DocumentReader.read(text, name: "back", format: .json)
    precondition(JSONWriter.bytes(of: JSONValue(back)) == text, "the document changed on its way")
  } catch {
    preconditionFailure("what was written cannot be read: \(error)")
  }
}

private func check(_ error: DocumentError) {
  precondition(!error.problems.isEmpty)
  for problem in error.problems {
    precondition(!problem.message.isEmpty && !problem.message.utf8.contains(0x0A))
    precondition(!problem.message.utf8.contains(0x1B), "a message may not steer the terminal")
    precondition(problem.place.line ?? 1 > 0 && problem.place.column ?? 1 > 0)
  }
}

/// A schema with one of everything.
private struct FuzzedStudy {
  enum Fill: String, CaseIterable { case nextOpen = "next-open", sameClose = "same-close" }

  init(_ table: inout DocumentTable) {
    _ = table.value("strategy", .text)
    _ = table.value("cash", .number(.positive), default: 1)
    _ = table.value("seed", .integer(.within(0...1000)), default: 1)
    _ = table.value("quiet", .flag, default: false)
    _ = table.optional("from", .date)
    _ = table.list("symbols", of: .text)
    _ = table.optionalList("grid", of: .number(.fraction))
    table.section("execution") { execution in
      _ = execution.value("commission", .number(.notNegative))
      _ = execution.value("fill", .choice(of: Fill.self), default: .nextOpen)
      execution.section("slippage") { _ = $0.optional("basis-points", .number()) }
    }
    _ = table.sections("runs") { $0.value("name", .text) }
    table.section("costs") { costs in
      for name in costs.keys { costs.section(name) { _ = $0.value("fee", .integer()) } }
    }
  }
}
