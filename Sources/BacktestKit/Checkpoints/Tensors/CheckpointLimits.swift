import BacktestFiles

/// What no checkpoint may exceed; everything is checked before memory is asked for.
enum CheckpointLimits {
  /// The bytes of a file.
  static let fileBytes = 384 << 20
  /// The bytes of one entry of an archive.
  static let entryBytes = 256 << 20
  /// The entries of an archive.
  static let entries = 10_000
  /// The elements of all tensors together, each name counted, also where names share bytes.
  static let elements = 1 << 26
  /// The bytes of all tensors together, counted in the same way.
  static let tensorBytes = 256 << 20
  /// What the file, its inflated entries and its tensors may take together. With the graph of a
  /// pickle, some 100 MB at most, a checkpoint stays below 512 MB.
  static let heldBytes = 384 << 20
  /// The dimensions of a tensor.
  static let rank = 8
  /// The bytes of a tensor's name.
  static let nameBytes = 512
  /// The bytes of a key of a dictionary.
  static let keyBytes = 512
  /// The bytes of the name of an archive's entry.
  static let entryNameBytes = 1_024
  /// The bytes of the names of all entries.
  static let allEntryNameBytes = 2 << 20
  /// How deep dictionaries and tuples may nest.
  static let depth = 64
  /// The entries of dictionaries that the search for tensors looks at. A file can let many names
  /// lead to the same dictionary, so depth alone bounds nothing.
  static let steps = 100_000
  /// The bytes of the keys that it compares and of the names that it builds.
  static let walkedBytes = 16 << 20
}

/// Counts the bytes that the reading of one file takes.
final class CheckpointBudget {
  private var left = CheckpointLimits.heldBytes

  /// A budget from which the bytes of the file itself are taken.
  init(fileBytes: Int) throws(CheckpointError) {
    try CheckpointError.unless(
      fileBytes <= CheckpointLimits.fileBytes,
      "has \(fileBytes) bytes, more than \(CheckpointLimits.fileBytes >> 20) MiB",
      advice: ReexportAdvice.safetensors)
    left -= fileBytes
  }

  /// Takes bytes, which are not negative, before they are allocated.
  func take(_ count: Int) throws(CheckpointError) {
    try CheckpointError.unless(
      count <= left,
      "expands too far: file and tensors take more than \(CheckpointLimits.heldBytes >> 20) MiB",
      advice: ReexportAdvice.safetensors)
    left -= count
  }

  /// Takes what a text takes beside the place where it stands; short ones take nothing.
  func takeText(_ count: Int) throws(CheckpointError) {
    if count > 15 { try take(count + 32) }
  }

  /// Takes what a document of JSON takes at most once it is read, by the marks that begin values.
  func takeDocument(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) {
    let marks = bytes.count { $0 == 0x2C || $0 == 0x5B || $0 == 0x7B }
    try take(bytes.count + 128 * min(marks, DocumentReader.nodeLimit))
  }
}

/// What a tensor may be called.
enum TensorNameRule {
  /// The key beside the tensors in the header of safetensors.
  static let reserved = "__metadata__"

  static func check(_ name: String) throws(CheckpointError) {
    try CheckpointError.unless(!name.isEmpty, "a tensor has no name")
    try CheckpointError.unless(
      name != reserved, "a tensor is called \(reserved), which safetensors keeps for texts")
    try CheckpointError.unless(
      name.utf8.count <= CheckpointLimits.nameBytes,
      "the name \(quotedForMessage(name)) has more than \(CheckpointLimits.nameBytes) bytes")
    try CheckpointError.unless(
      !name.unicodeScalars.contains { $0.properties.generalCategory == .control },
      "the name \(quotedForMessage(name)) holds a control character")
  }
}
