/// Reads the files that `torch.save(model.state_dict(), path)` writes since PyTorch 1.6: a zip
/// archive with a pickle that describes the tensors and one entry for each storage.
struct TorchZipReader {
  private let archive: ZipArchive
  private let folder: String
  private let isBigEndian: Bool
  private let budget: CheckpointBudget
  private var storages: [String: (declared: TorchStorage, bytes: ArraySlice<UInt8>)] = [:]

  /// The tensors of an archive.
  static func tensors(
    in bytes: ArraySlice<UInt8>, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> [NamedTensor] {
    try UnsupportedFormat.requireZip(bytes)
    let archive = try ZipArchive(bytes, budget: budget)
    return try CheckpointError.advising(ReexportAdvice.stateDictionary) {
      () throws(CheckpointError) in try tensors(in: archive, budget)
    }
  }

  /// The tensors of an archive whose directory was read.
  private static func tensors(
    in archive: ZipArchive, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> [NamedTensor] {
    try UnsupportedFormat.refuseOtherArchives(archive.entries.map(\.name))
    let pickle = try ArchiveEntry.only("data.pkl", in: archive, ReexportAdvice.stateDictionary)
    var reader = try TorchZipReader(archive, pickle, budget)
    let leaves = try reader.leaves(pickle)
    var tensors: [NamedTensor] = []
    for leaf in leaves {
      guard case .tensor(let tensor) = leaf.kind else { continue }
      tensors.append(
        try CheckpointError.inEntry(leaf.name) { () throws(CheckpointError) in
          try reader.tensor(tensor, leaf.name)
        })
    }
    return tensors
  }

  private init(
    _ archive: ZipArchive, _ pickle: ZipArchive.Entry, _ budget: CheckpointBudget
  ) throws(CheckpointError) {
    self.archive = archive
    self.budget = budget
    folder = String(pickle.name.dropLast("data.pkl".count))
    guard let entry = archive[folder + "byteorder"] else {
      // PyTorch before 2.1 wrote no such entry, and only little-endian files.
      isBigEndian = false
      return
    }
    switch Array(try archive.read(entry, atMost: 16)) {
    case Array("little".utf8): isBigEndian = false
    case Array("big".utf8): isBigEndian = true
    default:
      throw CheckpointError(
        problem: "bad byte order: expected little or big", advice: ReexportAdvice.again)
    }
  }

  /// The named tensors, without the graph they come from.
  private func leaves(
    _ pickle: ZipArchive.Entry
  ) throws(CheckpointError) -> [StateDictionary.Leaf] {
    let bytes = try archive.read(pickle, atMost: CheckpointLimits.pickleBytes)
    return try CheckpointError.inEntry(pickle.name) { () throws(CheckpointError) in
      let leaves = try StateDictionary(try PickleReader.read(bytes, .torch, budget)).leaves
      var totals = TensorTotals()
      for leaf in leaves {
        guard case .tensor(let tensor) = leaf.kind else { continue }
        try totals.add(tensor.layout.count, tensor.storage.elementType)
      }
      return leaves
    }
  }

  private mutating func tensor(
    _ tensor: TorchTensor, _ name: String
  ) throws(CheckpointError) -> NamedTensor {
    let storage = tensor.storage
    let bytes = try bytes(of: storage)
    let width = storage.elementType.byteCount
    try CheckpointError.unless(
      bytes.count >= storage.count * width,
      "storage shorter than declared: \(bytes.count) bytes for \(storage.count) elements",
      advice: ReexportAdvice.again)
    let view = TensorView(
      elementType: storage.elementType, layout: tensor.layout, bytes: bytes,
      isBigEndian: isBigEndian)
    return try view.tensor(name, budget)
  }

  private mutating func bytes(
    of storage: TorchStorage
  ) throws(CheckpointError) -> ArraySlice<UInt8> {
    if let known = storages[storage.key] {
      try CheckpointError.unless(
        known.declared == storage, "storage \(storage.key) is declared twice, differently",
        advice: ReexportAdvice.again)
      return known.bytes
    }
    guard let entry = archive[folder + "data/" + storage.key] else {
      throw CheckpointError(
        problem: "storage missing: no entry data/\(storage.key)", advice: ReexportAdvice.again)
    }
    let declared = storage.count * storage.elementType.byteCount
    let bytes = try archive.read(entry, atMost: declared + CheckpointLimits.storageSlack)
    storages[storage.key] = (storage, bytes)
    return bytes
  }
}

/// Finds entries of an archive that may be in a folder of any name.
enum ArchiveEntry {
  /// Whether an entry has a name, alone or at the end of its path.
  static func isCalled(_ name: String, _ path: String) -> Bool {
    path.hasSuffix(name) && (path.utf8.count == name.utf8.count || path.hasSuffix("/" + name))
  }

  /// The one entry of that name, alone or at the end of a path.
  static func only(
    _ name: String, in archive: ZipArchive, _ advice: String
  ) throws(CheckpointError) -> ZipArchive.Entry {
    let found = archive.entries.filter { isCalled(name, $0.name) }
    guard found.count == 1 else {
      throw CheckpointError(
        problem: "need exactly one \(name), found \(found.count)", advice: advice)
    }
    return found[0]
  }
}
