// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
  .define("BACKTESTKIT_CHECKS", .when(traits: ["Checks"])),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "BacktestKit",
  products: [
    .library(name: "BacktestKit", targets: ["BacktestKit"]),
    .library(name: "Strategies", targets: ["Strategies"]),
    .executable(name: "bt-run", targets: ["bt-run"]),
  ],
  traits: [
    .trait(
      name: "Checks",
      description: "Check the ledger's and the broker's invariants after every event."),
    .default(enabledTraits: []),
  ],
  targets: [
    .systemLibrary(name: "CLibCSV", providers: [.apt(["libcsv-dev"])]),
    // Without pkgConfig, because that would link the library: see Base/LinearAlgebra.swift.
    .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "BacktestKit",
      dependencies: ["CLibCSV", "COpenBLAS", "CLibYAML", "CZlib"],
      swiftSettings: strict,
      linkerSettings: [.linkedLibrary("m")]
    ),
    .target(name: "Strategies", dependencies: ["BacktestKit"], swiftSettings: strict),
    .executableTarget(
      name: "bt-run", dependencies: ["BacktestKit", "Strategies"], swiftSettings: strict),
    // Counts calls of malloc in the test process, to hold the loop to none per bar.
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .testTarget(
      name: "BacktestKitTests", dependencies: ["BacktestKit", "Strategies", "AllocationCounter"],
      swiftSettings: strict),
    .testTarget(
      name: "CommandTests", dependencies: ["BacktestKit", "Strategies", "bt-run"],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
