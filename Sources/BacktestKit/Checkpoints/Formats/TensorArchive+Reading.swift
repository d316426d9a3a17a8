import BacktestFiles
internal import Glibc

extension TensorArchive {
  /// Reads a checkpoint, whose format its bytes decide.
  ///
  /// The path is a file, or the folder of an unpacked Stable-Baselines3 archive (`policy.pth`) or
  /// of an RLlib checkpoint.
  ///
  /// - Throws: ``CheckpointError`` with what is wrong, in one line.
  public init(path: String) throws(CheckpointError) {
    try self.init(path: path, format: nil)
  }

  /// Reads a checkpoint of a format; without one, its bytes decide.
  package init(path: String, format: CheckpointFormat?) throws(CheckpointError) {
    guard FolderTree.isFolder(path) else {
      try self.init(bytes: try CheckpointFile.bytes(path), name: path, format: format)
      return
    }
    let policy = "\(path)/policy.pth"
    if format ?? .stableBaselines == .stableBaselines, FolderTree.isFile(policy) {
      try self.init(bytes: try CheckpointFile.bytes(policy), name: policy, format: .torchZip)
    } else if format ?? .rllib == .rllib, let state = try CheckpointFile.moduleState(in: path) {
      try self.init(bytes: try CheckpointFile.bytes(state), name: state, format: .rllib)
    } else {
      throw CheckpointError(
        file: path,
        problem: "a folder with neither policy.pth (Stable-Baselines3) nor "
          + "learner_group/learner/rl_module/default_policy/module_state.pkl (RLlib)",
        advice: "give the file of weights itself")
    }
  }

  /// Reads the bytes of a checkpoint; `name` is its name in messages.
  ///
  /// - Throws: `CheckpointError` with what is wrong, in one line.
  package init(
    bytes: [UInt8], name: String, format: CheckpointFormat? = nil
  ) throws(CheckpointError) {
    let tensors = try CheckpointError.inFile(name) { () throws(CheckpointError) in
      let budget = try CheckpointBudget(fileBytes: bytes.count)
      let all = bytes[...]
      let actual: CheckpointFormat
      if let format { actual = format } else { actual = try CheckpointFormat.detected(in: all) }
      switch actual {
      case .safetensors: return try SafetensorsReader.tensors(in: all, budget)
      case .torchZip: return try TorchZipReader.tensors(in: all, budget)
      case .rllib: return try ArrayPickleReader.tensors(in: all, budget)
      case .onnx: return try ONNXReader.model(in: all, budget).initialisers.tensors
      case .stableBaselines:
        return try StableBaselinesReader(all, budget).tensors()
      }
    }
    self.init(tensors, source: name)
  }
}

/// Files and folders of checkpoints on the disk.
package enum CheckpointFile {
  /// All bytes of a file, which must be within the limits of checkpoints.
  package static func bytes(_ path: String) throws(CheckpointError) -> [UInt8] {
    do throws(FileError) {
      let input = try FileInput(path: path)
      let size = try checked(input.byteCount, path)
      var bytes = [UInt8](repeating: 0, count: size)
      let count = try bytes.withUnsafeMutableBufferPointer { (raw) throws(FileError) in
        try input.read(into: UnsafeMutableRawBufferPointer(raw))
      }
      bytes.removeSubrange(count...)
      return bytes
    } catch {
      throw CheckpointError(error)
    }
  }

  /// Checks that a file is within the limits of checkpoints, before anything of it is read.
  package static func checkSize(_ path: String) throws(CheckpointError) {
    guard FolderTree.isFile(path) else { return }
    do throws(FileError) {
      _ = try checked(try FileInput(path: path).byteCount, path)
    } catch {
      throw CheckpointError(error)
    }
  }

  private static func checked(_ size: Int, _ path: String) throws(FileError) -> Int {
    guard size <= CheckpointLimits.fileBytes else {
      let limit = CheckpointLimits.fileBytes >> 20
      throw FileError(
        path: path, action: "read", reason: "it has \(size) bytes, more than \(limit) MiB")
    }
    return size
  }

  /// The names of the folders in a folder, in order.
  package static func folders(in path: String) -> [String] {
    let names = (try? FolderTree.names(in: path)) ?? []
    return names.filter { !$0.hasPrefix(".") && FolderTree.isFolder("\(path)/\($0)") }.sorted()
  }

  /// The module state in a checkpoint folder of RLlib; `nil` where it is not such a folder.
  static func moduleState(in folder: String) throws(CheckpointError) -> String? {
    let levels = ["learner_group", "learner", "rl_module"]
    var modules = folder
    for start in 0...levels.count {
      let path = ([folder] + levels[start...]).joined(separator: "/")
      if start < levels.count, FolderTree.isFolder(path) {
        modules = path
        break
      }
    }
    if FolderTree.isFile("\(folder)/module_state.pkl") { return "\(folder)/module_state.pkl" }
    let isModules = modules != folder || folder.split(separator: "/").last == "rl_module"
    let candidates = isModules ? folders(in: modules) : []
    let names = candidates.filter { FolderTree.isFile("\(modules)/\($0)/module_state.pkl") }
    if names.contains("default_policy") { return "\(modules)/default_policy/module_state.pkl" }
    guard names.count <= 1 else {
      throw CheckpointError(
        file: folder, problem: "it holds the modules \(listed(names, "and"))",
        advice: "give the folder of one of them: \(modules)/\(names[0])")
    }
    if let name = names.first { return "\(modules)/\(name)/module_state.pkl" }
    let packed = [folder] + candidates.map { "\(modules)/\($0)" }
    if let path = packed.first(where: { FolderTree.isFile("\($0)/module_state.msgpack") }) {
      throw CheckpointError(
        file: "\(path)/module_state.msgpack", problem: "module states in msgpack are not read",
        advice: "save the checkpoint again without use_msgpack")
    }
    return nil
  }
}

/// Reads a pickled dictionary of NumPy arrays: the `module_state.pkl` of RLlib.
enum ArrayPickleReader {
  static func tensors(
    in bytes: ArraySlice<UInt8>, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> [NamedTensor] {
    if let refusal = UnsupportedFormat.refusal(of: bytes) { throw refusal }
    return try CheckpointError.advising(ReexportAdvice.safetensors) {
      () throws(CheckpointError) in
      try arrays(in: try PickleReader.read(bytes, .arrays, budget), budget)
    }
  }

  private static func arrays(
    in graph: PickleGraph, _ budget: CheckpointBudget
  ) throws(CheckpointError) -> [NamedTensor] {
    let leaves = try StateDictionary(graph).leaves
    var totals = TensorTotals()
    var views: [(name: String, view: TensorView)] = []
    for leaf in leaves {
      guard case .array(let array) = leaf.kind else { continue }
      let view = try CheckpointError.inEntry(leaf.name) { () throws(CheckpointError) in
        try array.view(in: graph)
      }
      try totals.add(view.layout.count, view.elementType)
      views.append((leaf.name, view))
    }
    var tensors: [NamedTensor] = []
    for (name, view) in views {
      tensors.append(
        try CheckpointError.inEntry(name) { () throws(CheckpointError) in
          try view.tensor(name, budget)
        })
    }
    return tensors
  }
}
