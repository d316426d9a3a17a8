import Foundation
import Testing

/// The `policy` commands as a user runs them.
struct PolicyCommandTests {
  @Test func commandsAndTheirErrors() throws {
    let folder = try WorkFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/policies", withDestinationPath: CommandFixture.path("policies"))
    var transcript = Transcript(in: folder)
    let model = "policies/ppo_discrete/model.zip"
    try transcript.run("policy", "verify", "policies/demo")
    try transcript.run("policy", "verify", "policies/demo", "policies/missing")
    try transcript.run("policy", "inspect", model)
    try transcript.run("policy", "inspect", "policies/demo")
    try transcript.run("policy", "inspect", "policies/variants/torchscript.pt")
    try transcript.run("policy", "inspect", "policies/variants/legacy_pickle.pt")
    try transcript.run("policy", "inspect", "policies/variants/whole_module.pt")
    try transcript.run("policy", "inspect", "policies/hostile/pickle_os_system.pth")
    try transcript.run("policy", "import", model, "--out", "made")
    try transcript.run("policy", "import", "policies/hostile/crc_flip.zip", "--out", "made")
    #expect(!folder.exists("made"))
    try transcript.run(
      "policy", "import", model, "--vecnormalize", "policies/ppo_discrete/vecnormalize.pkl",
      "--with", "policies/ppo_discrete/answers.yaml", "--out", "made")
    try transcript.run("policy", "verify", "made")
    #expect(folder.names("made") == ["manifest.json", "model.safetensors", "norm.json"])

    // A byte of the weights changes.
    var weights = try folder.bytes("made/model.safetensors")
    weights[weights.count - 1] ^= 1
    try folder.write(weights, to: "made/model.safetensors")
    try transcript.run("policy", "verify", "made")
    try transcript.run("policy", "list", "policies")
    try transcript.run("policy", "list", "made/none")
    try transcript.check("policy")
  }
}
