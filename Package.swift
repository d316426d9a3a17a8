// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
  .define("BACKTESTKIT_CHECKS", .when(traits: ["Checks"])),
  .treatAllWarnings(as: .error),
]

/// A module of the library, in its folder of `Sources/BacktestKit`.
func module(
  _ name: String, in folder: String, uses dependencies: [Target.Dependency] = [],
  linker: [LinkerSetting]? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Sources/BacktestKit/\(folder)",
    swiftSettings: strict, linkerSettings: linker)
}

/// The tests of a module, with the helpers that all tests share.
func tests(_ name: String, use dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: ["TestSupport"] + dependencies, swiftSettings: strict)
}

let package = Package(
  name: "BacktestKit",
  products: [
    .library(name: "BacktestKit", targets: ["BacktestKit"]),
    .library(name: "Strategies", targets: ["Strategies"]),
    .executable(name: "bt-run", targets: ["bt-run"]),
    .library(name: "BacktestEnvironment", type: .dynamic, targets: ["BacktestEnvironment"]),
  ],
  traits: [
    .trait(
      name: "Checks",
      description: "Check the ledger's and the broker's invariants after every event."),
    .default(enabledTraits: []),
  ],
  targets: [
    .systemLibrary(name: "CLibCSV", providers: [.apt(["libcsv-dev"])]),
    // Without pkgConfig, because that would link the library: see LinearAlgebra.swift in
    // Networks/Evaluation.
    .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // The inner loops of networks, for several kinds of processors.
    .target(name: "CNetworkKernels", linkerSettings: [.linkedLibrary("m")]),

    // The library from the ground up: a module uses modules before it only.
    module("BacktestCore", in: "Core", linker: [.linkedLibrary("m")]),
    module("BacktestFiles", in: "Files", uses: ["BacktestCore", "CLibYAML", "CZlib"]),
    module("BacktestIngest", in: "Ingest", uses: ["BacktestCore", "BacktestFiles", "CLibCSV"]),
    module("BacktestCheckpoints", in: "Checkpoints", uses: ["BacktestCore", "BacktestFiles"]),
    module(
      "BacktestNetworks", in: "Networks",
      uses: [
        "BacktestCore", "BacktestFiles", "BacktestCheckpoints", "CNetworkKernels", "COpenBLAS",
      ]),
    module("BacktestEvidence", in: "Evidence", uses: ["BacktestCore", "BacktestNetworks"]),
    module(
      "BacktestPolicies", in: "Policies",
      uses: [
        "BacktestCore", "BacktestFiles", "BacktestCheckpoints", "CNetworkKernels",
        "BacktestNetworks",
      ]),
    module(
      "BacktestReports", in: "Reports",
      uses: [
        "BacktestCore", "BacktestFiles", "BacktestIngest", "BacktestEvidence", "BacktestPolicies",
      ]),
    module(
      "BacktestStudies", in: "Studies",
      uses: [
        "BacktestCore", "BacktestFiles", "BacktestIngest", "BacktestNetworks", "BacktestEvidence",
        "BacktestPolicies", "BacktestReports", "CSQLite",
      ]),
    module(
      "BacktestCommands", in: "Commands",
      uses: [
        "BacktestCore", "BacktestFiles", "BacktestIngest", "BacktestCheckpoints",
        "BacktestNetworks", "BacktestEvidence", "BacktestPolicies", "BacktestReports",
        "BacktestStudies",
      ]),
    // The one import of a user.
    module(
      "BacktestKit", in: "BacktestKit",
      uses: [
        "BacktestCore", "BacktestFiles", "BacktestIngest", "BacktestCheckpoints",
        "BacktestNetworks", "BacktestEvidence", "BacktestPolicies", "BacktestReports",
        "BacktestStudies", "BacktestCommands",
      ]),

    .target(name: "Strategies", dependencies: ["BacktestKit"], swiftSettings: strict),
    .executableTarget(
      name: "bt-run", dependencies: ["BacktestKit", "Strategies"], swiftSettings: strict),

    // The environments for training, and the header of their C interface.
    .systemLibrary(name: "CBacktestEnvironment", path: "Sources/CBacktestEnvironment/include"),
    module(
      "BacktestEnvironment", in: "Environment",
      uses: [
        "BacktestCore", "BacktestFiles", "BacktestPolicies", "BacktestStudies", "Strategies",
        "CBacktestEnvironment",
      ]),

    .target(
      name: "TestSupport",
      dependencies: [
        "BacktestCore", "BacktestFiles", "BacktestIngest", "BacktestCheckpoints",
        "BacktestNetworks", "BacktestPolicies",
      ],
      path: "Tests/TestSupport", swiftSettings: strict),
    // A second market simulator, and the program that compares many runs of both.
    .target(
      name: "MarketSimulation", dependencies: ["BacktestCore"], path: "Tests/MarketSimulation",
      swiftSettings: strict),
    .executableTarget(
      name: "simulate", dependencies: ["MarketSimulation"], path: "Tests/Simulate",
      swiftSettings: strict),
    // Counts calls of malloc in the test process, to hold the loop to none per bar.
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    tests(
      "BacktestCoreTests",
      use: [
        "BacktestCore", "BacktestIngest", "BacktestEvidence", "BacktestReports",
        "AllocationCounter", "MarketSimulation",
      ]),
    tests("BacktestFilesTests", use: ["BacktestFiles"]),
    tests("BacktestIngestTests", use: ["BacktestIngest"]),
    tests("BacktestCheckpointsTests", use: ["BacktestCheckpoints", "BacktestIngest"]),
    tests("BacktestNetworksTests", use: ["BacktestNetworks", "AllocationCounter"]),
    tests("BacktestEvidenceTests", use: ["BacktestEvidence", "BacktestIngest", "Strategies"]),
    tests(
      "BacktestPoliciesTests",
      use: [
        "BacktestKit", "BacktestPolicies", "BacktestEvidence", "BacktestCommands",
        "AllocationCounter",
      ]),
    tests("BacktestReportsTests", use: ["BacktestReports", "Strategies"]),
    tests("BacktestStudiesTests", use: ["BacktestStudies", "BacktestCommands", "Strategies"]),
    tests("BacktestCommandsTests", use: ["BacktestCommands"]),
    tests(
      "BacktestEnvironmentTests",
      use: [
        "BacktestEnvironment", "BacktestPolicies", "BacktestStudies", "Strategies",
        "CBacktestEnvironment",
      ]),
    .testTarget(name: "HouseTests", swiftSettings: strict),
    .testTarget(
      name: "CommandTests", dependencies: ["BacktestKit", "Strategies", "bt-run", "TestSupport"],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
