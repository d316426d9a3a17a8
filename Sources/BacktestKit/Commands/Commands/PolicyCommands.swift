import BacktestFiles
import BacktestNetworks
import BacktestPolicies

extension Command {
  /// `policy`: bringing trained policies in and looking at them.
  static var policy: Command {
    Command(
      "policy", summary: "Import, inspect, verify or list trained policies.",
      subcommands: [policyImport, policyInspect, policyVerify, policyList])
  }

  private static var policyVerify: Command {
    Command(
      "verify", summary: "Check a policy's files, its network and its golden decisions.",
      discussion: """
        Every weights file that the manifest names and that is there must have its digest and hold \
        the same network; every golden decision must come out, discrete actions equal, numbers to \
        1e-5.
        """
    ) { parameters in
      let paths = parameters.arguments(
        "policy", .folder("policy"), isRequired: true,
        help: "Folders with a manifest.json, or manifests.")
      return { context in
        var failed: [String] = []
        for path in paths {
          do throws(PolicyError) {
            let check = try PolicyCheck(path: path)
            context.output.write("\(path): \(check.summary)\n")
          } catch {
            context.errors.write("\(error)\n")
            failed.append(path)
          }
        }
        guard failed.isEmpty else {
          throw CommandFailure(
            status: .wrongInput,
            message: "\(failed.count) of \(paths.count) policies cannot be used: "
              + failed.joined(separator: ", "))
        }
        return .done
      }
    }
  }

  private static var policyList: Command {
    Command("list", summary: "List the policies below a folder.") { parameters in
      let folder = parameters.optionalArgument(
        "folder", .folder(), help: "Where to look; else the current folder.")
      return { context in
        var table = TextTable([
          .left("policy"), .left("algorithm"), .left("observes"), .left("decides"),
          .right("golden"), .left("state"),
        ])
        let paths = PolicyFolder.manifests(below: folder ?? ".")
        guard !paths.isEmpty else {
          throw CommandFailure(
            status: .wrongInput,
            message: "\(folder ?? "."): no manifest.json of a policy below it; bring one in with "
              + "'bt-run policy import'")
        }
        for path in paths { table.add(policyRow(path)) }
        context.output.write(table.text)
        return .done
      }
    }
  }
}

/// One policy as a line of the list; what is wrong with it stands in its last column.
private func policyRow(_ path: String) -> [String] {
  let name = path.hasSuffix("/manifest.json") ? String(path.dropLast(14)) : path
  do throws(DocumentError) {
    let manifest = try PolicyManifest(path: path)
    var state = "external"
    if manifest.network != nil {
      do throws(PolicyError) {
        _ = try TrainedPolicy(manifest: manifest)
        state = "ready"
      } catch {
        state = error.problem
      }
    }
    return [
      name, shown(manifest.algorithm), "\(manifest.observation.shape)", shown(manifest.decides),
      "\(manifest.golden.count)", shown(state),
    ]
  } catch {
    return [name, "–", "–", "–", "–", error.problems[0].message]
  }
}

extension PolicyManifest {
  /// What comes out, in a few words.
  var decides: String {
    if let action {
      let sizes = action.sizes.map(String.init).joined(separator: " x ")
      return "\(action.kind.rawValue) \(sizes), \(action.meaning.name)"
    }
    guard let output else { return "nothing" }
    switch output.kind {
    case .classes(let classes): return "probabilities of \(listed(classes.names, "and"))"
    case .regression: return "an expected return"
    case .gaussian: return "a mean and a variance"
    }
  }
}

extension ActionDefinition.Meaning {
  /// The word of a manifest.
  var name: String {
    switch self {
    case .targetWeights: "target_weights"
    case .softmaxWeights: "softmax_weights"
    case .shareDeltas: "share_deltas"
    case .positionCommands(let table): "position_commands of \(table.rawValue)"
    case .onChangeTargets: "on_change_targets"
    case .orders: "orders"
    }
  }
}
