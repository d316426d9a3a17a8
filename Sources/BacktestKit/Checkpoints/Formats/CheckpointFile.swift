import BacktestFiles
internal import Glibc

/// Files and folders of checkpoints on the disk.
package enum CheckpointFile {
  /// All bytes of a file that is no larger than a checkpoint may be.
  package static func bytes(_ path: String) throws(CheckpointError) -> [UInt8] {
    // A device or a pipe has no size that could be checked before memory is asked for.
    if FolderTree.isSpecial(path) || FolderTree.isFolder(path) {
      throw CheckpointError(file: path, problem: "expected a file, found a device or a folder")
    }
    do throws(FileError) {
      let input = try FileInput(path: path)
      let size = input.byteCount
      guard size <= CheckpointLimits.fileBytes else {
        let limit = CheckpointLimits.fileBytes >> 20
        throw FileError(
          path: path, action: "read", reason: "it has \(size) bytes, more than \(limit) MiB")
      }
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

  /// The names of the folders in a folder, in order.
  package static func folders(in path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
        String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix("."), FolderTree.isFolder("\(path)/\(name)") { names.append(name) }
    }
    return names.sorted()
  }

  /// The module state in a checkpoint folder of RLlib; `nil` where the folder is none.
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
