// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Consumer",
  dependencies: [.package(name: "BacktestKit", path: "../..")],
  targets: [
    .executableTarget(
      name: "Tour",
      dependencies: [.product(name: "BacktestKit", package: "BacktestKit")]),
    .executableTarget(
      name: "Consumer",
      dependencies: [.product(name: "BacktestKit", package: "BacktestKit")]),
  ],
  swiftLanguageModes: [.v6]
)
