public import CBacktestEnvironment
import BacktestFiles
import BacktestStudies
import Strategies

// The functions of Sources/CBacktestEnvironment/include/backtestkit_environment.h, which says what
// they do.

/// What all functions share.
enum EnvironmentInterface {
  static let version = Int(BACKTESTKIT_INTERFACE_VERSION)
  /// The most environments of one handle.
  static let largestCount = 1 << 20
  static let noHandle = "there is no such environment: it was closed, or it never was"

  /// Copies a text into memory of the caller, cut where it does not fit; gives its whole length.
  static func copy(_ text: String, to memory: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int64 {
    let bytes = Array(text.utf8)
    guard let memory, size > 0 else { return Int64(bytes.count) }
    var kept = min(bytes.count, size - 1)
    // A character is kept whole or not at all.
    while kept > 0, kept < bytes.count, bytes[kept] & 0xC0 == 0x80 { kept -= 1 }
    for index in 0..<kept { memory[index] = CChar(bitPattern: bytes[index]) }
    memory[kept] = 0
    return Int64(bytes.count)
  }

  static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
    pointer.map { String(cString: $0) }
  }

  /// Copies a text that may fail; -1 where it does.
  static func answer(
    _ handle: Int64, _ text: UnsafeMutablePointer<CChar>?, _ size: Int,
    _ work: (EnvironmentBatch) throws(EnvironmentError) -> JSONValue
  ) -> Int64 {
    guard let held = EnvironmentHandles.all.find(handle), let value = held.use(work) else {
      return -1
    }
    let line = JSONWriter.line(of: value).dropLast()
    return copy(String(decoding: line, as: UTF8.self), to: text, size)
  }

  /// Makes environments.
  static func make(
    _ study: UnsafePointer<CChar>?, _ policy: UnsafePointer<CChar>?,
    _ options: UnsafePointer<CChar>?, _ count: Int32
  ) throws(EnvironmentError) -> Int64 {
    guard let study = text(study) else { throw EnvironmentError("no study is given") }
    guard count >= 1, count <= largestCount else {
      throw EnvironmentError(
        "the number of environments is \(count), not one of 1 to \(largestCount)")
    }
    let (policy, options) = (text(policy), text(options))
    let batch = try EnvironmentError.wrapping { () throws in
      let options = try options.map(EnvironmentOptions.read) ?? EnvironmentOptions()
      let read = try Study.training(
        path: study, manifest: policy, overrides: options.overrides, catalogue: .standard)
      do {
        return try EnvironmentBatch(
          try StudyRunner(read).trainingMarket(), options, count: Int(count))
      } catch let error as StudyError {
        throw EnvironmentError(error.message(of: study))
      }
    }
    return EnvironmentHandles.all.add(HeldEnvironments(batch))
  }

  /// Runs a study and writes its results.
  static func run(
    _ study: UnsafePointer<CChar>?, _ overrides: UnsafePointer<CChar>?,
    _ folder: UnsafePointer<CChar>?
  ) throws(EnvironmentError) {
    guard let path = text(study) else { throw EnvironmentError("no study is given") }
    guard let folder = text(folder) else { throw EnvironmentError("no folder is given") }
    let overrides = text(overrides)
    try EnvironmentError.wrapping { () throws in
      let replaced = try overrides.map { text throws in
        try DocumentReader.read(Array("{\"set\": \(text)}".utf8), name: "overrides", format: .json)
          .decode { $0.list("set", of: .text) }
      }
      let study = try Study(path: path, overrides: replaced ?? [], catalogue: .standard)
      do {
        // Claimed first, so that nothing is computed whose results cannot be kept.
        let claimed = try ResultFolder(folder, for: study)
        try StudyRunner(study).run().write(to: claimed, interrupt: Interrupt())
      } catch let error as StudyError {
        throw EnvironmentError(error.message(of: path))
      }
    }
  }
}

/// The version of the interface.
@c(backtestkit_interface_version)
public func environmentInterfaceVersion() -> Int32 { Int32(EnvironmentInterface.version) }

/// Makes environments of a study and a manifest.
@c(backtestkit_create)
public func createEnvironments(
  _ study: UnsafePointer<CChar>?, _ policy: UnsafePointer<CChar>?,
  _ options: UnsafePointer<CChar>?, _ count: Int32, _ error: UnsafeMutablePointer<CChar>?,
  _ errorSize: Int
) -> Int64 {
  do throws(EnvironmentError) {
    let handle = try EnvironmentInterface.make(study, policy, options, count)
    _ = EnvironmentInterface.copy("", to: error, errorSize)
    return handle
  } catch let problem {
    _ = EnvironmentInterface.copy(problem.reason, to: error, errorSize)
    return 0
  }
}

/// Describes environments.
@c(backtestkit_describe)
public func describeEnvironments(
  _ handle: Int64, _ text: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int64 {
  EnvironmentInterface.answer(handle, text, size) { (batch) throws(EnvironmentError) in
    batch.description
  }
}

/// Takes memory of the caller.
@c(backtestkit_bind)
public func bindEnvironments(
  _ handle: Int64, _ buffers: UnsafePointer<backtestkit_buffers>?
) -> Int32 {
  let done: Void? = EnvironmentHandles.all.find(handle)?.use {
    (batch) throws(EnvironmentError) in
    guard let buffers else { throw EnvironmentError("no buffers are given") }
    try batch.bind(buffers.pointee)
  }
  return done == nil ? -1 : 0
}

/// Begins new episodes.
@c(backtestkit_reset)
public func resetEnvironments(
  _ handle: Int64, _ which: UnsafePointer<UInt8>?, _ seeds: UnsafePointer<UInt64>?,
  _ options: UnsafePointer<CChar>?
) -> Int32 {
  let text = EnvironmentInterface.text(options)
  let done: Void? = EnvironmentHandles.all.find(handle)?.use {
    (batch) throws(EnvironmentError) in
    try batch.reset(which: which, seeds: seeds, options: text)
  }
  return done == nil ? -1 : 0
}

/// Carries out the actions of all environments.
@c(backtestkit_step)
public func stepEnvironments(_ handle: Int64) -> Int32 {
  let ended = EnvironmentHandles.all.find(handle)?.use { (batch) throws(EnvironmentError) in
    try batch.step()
  }
  return ended.map { Int32($0) } ?? -1
}

/// Says what the run of an environment did.
@c(backtestkit_result)
public func resultOfEnvironment(
  _ handle: Int64, _ index: Int32, _ text: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int64 {
  EnvironmentInterface.answer(handle, text, size) { (batch) throws(EnvironmentError) in
    try batch.result(Int(index)).summary
  }
}

/// Gives the text of the last error.
@c(backtestkit_error)
public func errorOfEnvironments(
  _ handle: Int64, _ text: UnsafeMutablePointer<CChar>?, _ size: Int
) -> Int64 {
  let error = EnvironmentHandles.all.find(handle)?.error ?? EnvironmentInterface.noHandle
  return EnvironmentInterface.copy(error, to: text, size)
}

/// Ends environments.
@c(backtestkit_close)
public func closeEnvironments(_ handle: Int64) -> Int32 {
  EnvironmentHandles.all.remove(handle) ? 0 : -1
}

/// Runs a study and writes its results.
@c(backtestkit_run)
public func runStudy(
  _ study: UnsafePointer<CChar>?, _ overrides: UnsafePointer<CChar>?,
  _ folder: UnsafePointer<CChar>?, _ error: UnsafeMutablePointer<CChar>?, _ errorSize: Int
) -> Int32 {
  do throws(EnvironmentError) {
    try EnvironmentInterface.run(study, overrides, folder)
    _ = EnvironmentInterface.copy("", to: error, errorSize)
    return 0
  } catch let problem {
    _ = EnvironmentInterface.copy(problem.reason, to: error, errorSize)
    return -1
  }
}
