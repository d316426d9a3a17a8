// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Remote",
  dependencies: [
    .package(url: "https://github.com/backtestkit/BacktestKit.git", branch: "main")
  ],
  targets: [
    .executableTarget(
      name: "Remote",
      dependencies: [.product(name: "BacktestKit", package: "BacktestKit")])
  ],
  swiftLanguageModes: [.v6]
)
