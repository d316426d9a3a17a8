import BacktestCheckpoints
import BacktestFiles

/// Folders that hold policies.
package enum PolicyFolder {
  /// Whether a path is a manifest, or a folder with one.
  package static func isPolicy(_ path: String) -> Bool {
    path.hasSuffix("manifest.json") || FolderTree.isFile("\(path)/manifest.json")
  }

  /// The manifests in a folder and below it, to a depth of eight, in the order of their paths.
  package static func manifests(below folder: String, depth: Int = 8) -> [String] {
    var found: [String] = []
    if FolderTree.isFile("\(folder)/manifest.json") {
      found.append("\(folder)/manifest.json")
    }
    guard depth > 0 else { return found }
    for name in CheckpointFile.folders(in: folder) {
      found += manifests(below: folder == "." ? name : "\(folder)/\(name)", depth: depth - 1)
    }
    return found
  }
}
