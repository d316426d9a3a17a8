import Glibc
import MarketSimulation

/// The number behind an option, or its default.
func option(_ name: String, _ fallback: UInt64) -> UInt64 {
  guard let place = CommandLine.arguments.firstIndex(of: name) else { return fallback }
  guard CommandLine.arguments.indices.contains(place + 1),
    let value = UInt64(CommandLine.arguments[place + 1])
  else {
    print("simulate: \(name) needs a number of 0 or more")
    exit(2)
  }
  return value
}

let count = option("--seeds", 10_000)
let first = option("--from", 0)
let shown = option("--show", 3)
var failed: [UInt64: String] = [:]
for seed in first..<first + count {
  guard let mismatch = try Scenario(seed: seed).mismatch(shrinking: failed.count < shown) else {
    continue
  }
  if failed.count < shown { print(mismatch.description + "\n") }
  failed[seed] = mismatch.difference
}
print("\(count - UInt64(failed.count)) of \(count) scenarios give the same twice")
if !failed.isEmpty {
  print("seeds that differ: \(failed.keys.sorted().prefix(40))")
  exit(1)
}
