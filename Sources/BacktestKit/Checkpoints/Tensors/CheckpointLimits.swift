import BacktestFiles

/// The limits of every checkpoint, checked before memory is allocated.
enum CheckpointLimits {
  /// The bytes of a file.
  static let fileBytes = 384 << 20
  /// The bytes of one entry of an archive.
  static let entryBytes = 256 << 20
  /// The factor by which inflating may expand an entry of more than `freeExpansion` bytes.
  static let expansionFactor = 64
  /// The bytes to which any entry may be inflated.
  static let freeExpansion = 16 << 20
  /// The bytes of the pickle of a state dictionary, which holds names and shapes but no elements.
  static let pickleBytes = 64 << 20
  /// The bytes by which a storage may be longer than its tensors say.
  static let storageSlack = 4_096
  /// The entries of an archive.
  static let entries = 10_000
  /// The elements of all tensors together; tensors that share bytes count separately.
  static let elements = 1 << 26
  /// The bytes of all tensors together, counted in the same way.
  static let tensorBytes = 256 << 20
  /// The bytes of the file, its inflated entries and its tensors together. With the graph of a
  /// pickle, at most about 100 MB, reading a checkpoint takes less than 512 MB.
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
  /// The depth to which dictionaries and tuples may nest.
  static let depth = 64
  /// The entries of dictionaries that the search for tensors visits. Many names in a file can lead
  /// to the same dictionary, so depth alone is no limit.
  static let steps = 100_000
  /// The bytes of the keys that the search compares and of the names that it builds.
  static let walkedBytes = 16 << 20
}

/// Counts the memory that reading one file takes.
final class CheckpointBudget {
  private var left = CheckpointLimits.heldBytes

  /// A budget, less the bytes of the file itself.
  init(fileBytes: Int) throws(CheckpointError) {
    try CheckpointError.unless(
      fileBytes <= CheckpointLimits.fileBytes,
      "has \(fileBytes) bytes, more than \(CheckpointLimits.fileBytes >> 20) MiB",
      advice: ReexportAdvice.safetensors)
    left -= fileBytes
  }

  /// Takes bytes (never negative) before they are allocated.
  func take(_ count: Int) throws(CheckpointError) {
    try CheckpointError.unless(
      count <= left,
      "expands too far: file and tensors take more than \(CheckpointLimits.heldBytes >> 20) MiB",
      advice: ReexportAdvice.safetensors)
    left -= count
  }

  /// Takes what a text allocates; short ones are stored inline and allocate nothing.
  func takeText(_ count: Int) throws(CheckpointError) {
    if count > 15 { try take(count + 32) }
  }

  /// Takes the most that a JSON document can allocate, by counting the characters that begin
  /// values.
  func takeDocument(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) {
    let marks = bytes.count { $0 == 0x2C || $0 == 0x5B || $0 == 0x7B }
    try take(bytes.count + 128 * min(marks, DocumentReader.nodeLimit))
  }
}

/// The names that a tensor may have.
enum TensorNameRule {
  /// The key in the header of safetensors that is not a tensor.
  static let reserved = "__metadata__"

  static func check(_ name: String) throws(CheckpointError) {
    try CheckpointError.unless(!name.isEmpty, "a tensor has no name")
    try CheckpointError.unless(
      name != reserved, "a tensor is named \(reserved), which safetensors reserves for texts")
    try CheckpointError.unless(
      name.utf8.count <= CheckpointLimits.nameBytes,
      "the name \(quotedForMessage(name)) has more than \(CheckpointLimits.nameBytes) bytes")
    try CheckpointError.unless(
      !name.unicodeScalars.contains { $0.properties.generalCategory == .control },
      "the name \(quotedForMessage(name)) holds a control character")
  }
}
