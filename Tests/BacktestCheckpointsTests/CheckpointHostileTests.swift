@testable import BacktestCheckpoints
import Testing

/// Attack files and broken files are refused, each for its own reason and in one line.
struct CheckpointHostileTests {
  @Test func everyFileHasItsReason() {
    #expect(Set(Self.reasons.keys) == Set(PolicyFixture.hostile.map(\.file)))
  }

  @Test(arguments: PolicyFixture.hostile)
  func hostileFileIsRefused(file: PolicyFixture.Case) throws {
    let reason = try #require(Self.reasons[file.file])
    let error = #expect(throws: CheckpointError.self) {
      let archive = try file.read()
      // What can be read is refused when a network asks for its tensors.
      #expect(file.stage == "validate")
      try archive.requireFinite()
      _ = try archive.tensor("mlp_extractor.policy_net.0.weight", shape: [32, 17])
      _ = try archive.tensor("action_net.bias", shape: [1])
    }
    let text = try #require(error).description
    #expect(text.hasPrefix(file.file + ": ") && text.contains(reason), "\(text)")
    #expect(!text.utf8.contains { $0 < 0x20 } && text.utf8.count < 700)
  }

  @Test(arguments: PolicyFixture.hostile.filter { $0.stage == "read" })
  func hostileFileIsRefusedWithoutAFormatToo(file: PolicyFixture.Case) throws {
    #expect(throws: CheckpointError.self) {
      try TensorArchive(bytes: try file.bytes(), name: file.file)
    }
  }

  private static let reasons: [String: String] = names.merging(zipFiles) { first, _ in first }
    .merging(tensors) { first, _ in first }.merging(headers) { first, _ in first }

  private static let names = [
    "pickle_os_system.pth": "data.pkl: global 'posix.system' is not allowed",
    "sb3_policy_os_system.zip": "policy.pth: archive/data.pkl: global 'posix.system'",
    "raw_pickle_protocol0.pth": "a plain pickle, expected a zip archive",
    "raw_pickle_protocol4.pkl": "global 'posix.system' is not allowed",
    "pickle_eval_prefix.pth": "global '__builtin__.eval' is not allowed",
    "pickle_getattr_chain.pth": "global 'builtins.getattr' is not allowed",
    "pickle_pip_main.pth": "global 'pip.main' is not allowed",
    "pickle_load_from_bytes.pth": "global 'torch.storage._load_from_bytes' is not allowed",
    "pickle_numpy_load.pth": "global 'numpy.load' is not allowed",
    "pickle_dotted_global.pth": "'torch._utils._rebuild_tensor_v2.__globals__' is not allowed",
    "pickle_underflow.pth": "stack underflow", "pickle_no_mark.pth": "no mark",
    "pickle_memo_missing.pth": "memo entry missing", "pickle_no_stop.pth": "pickle truncated",
    "pickle_empty.pth": "pickle truncated", "pickle_string_4gib.pth": "string too long",
    "pickle_long1_255.pth": "integer over 128 bits",
    "pickle_deep_nesting.pth": "nested too deep", "pickle_mark_flood.pth": "stack too deep",
    "pickle_doubling.pth": "the checkpoint is not a dictionary",
    "pickle_self_reference.pth": "nested too deep",
  ]

  private static let zipFiles = [
    "truncated_60pct.zip": "bytes after the end record",
    "truncated_last10.zip": "no end-of-central-directory record",
    "zip_empty_file.zip": "too short for a zip archive: 0 bytes",
    "zip_only_eocd.zip": "need exactly one policy.pth, found 0",
    "sb3_no_policy.zip": "need exactly one policy.pth, found 0",
    "crc_flip.zip": "policy.pth: CRC mismatch",
    "duplicate_data_pkl.pth": "duplicate entry name 'archive/data.pkl'",
    "local_name_differs.pth": "local header disagrees with the central directory",
    "encrypted_flag.pth": "encrypted entry",
    "size_claim_4gib.pth": "entry too large",
    "deflate_bomb_size_lie.pth": "inflated size differs from the declared size, 96 bytes",
    "deflate_bomb_claim_4gib.pth": "entry too large",
    "central_directory_out.pth": "central directory out of range",
    "entry_count_lie.pth": "too many entries: 60000",
    "path_traversal_name.zip": "unsafe entry name",
  ]

  private static let tensors = [
    "tensor_numel_lie.pth": "storage shorter than declared",
    "tensor_offset_out.pth": "tensor reaches past its storage",
    "tensor_stride_out.pth": "tensor reaches past its storage",
    "tensor_stride_negative.pth": "bad stride",
    "tensor_offset_negative.pth": "bad tensor arguments",
    "tensor_size_negative.pth": "bad shape", "tensor_size_overflow.pth": "bad shape",
    "tensor_stride0_bomb.pth": "tensors too large",
    "tensor_rank_mismatch.pth": "shape and stride differ in rank",
    "tensor_key_traversal.pth": "bad storage key", "tensor_key_missing.pth": "storage missing",
    "tensor_storage_unknown.pth": "global 'torch.UntypedStorage' is not allowed",
    "tensor_rank_60.pth": "bad shape", "tensor_many_stride0.pth": "tensors too large",
    "tensor_memo_alias.pth": "tensors too large",
    "nan_weight.safetensors": "action_net.weight: has a non-finite value",
    "nan_weight.zip": "action_net.weight: has a non-finite value",
    "inf_bias.safetensors": "mlp_extractor.policy_net.0.bias: has a non-finite value",
    "inf_bias.zip": "mlp_extractor.policy_net.0.bias: has a non-finite value",
    "wrong_shape.safetensors":
      "mlp_extractor.policy_net.0.weight: has shape [32, 16], expected [32, 17]",
    "missing_tensor.safetensors": "action_net.bias: is missing",
  ]

  private static let headers = [
    "st_overlap.safetensors": "gap or overlap between tensors",
    "st_out_of_range.safetensors": "offsets out of range",
    "st_header_2_60.safetensors": "header length out of range",
    "st_header_past_file.safetensors": "header length out of range",
    "st_header_zero.safetensors": "header length out of range",
    "st_short_7_bytes.safetensors": "too short for safetensors: 7 bytes",
    "st_begin_after_end.safetensors": "offsets out of range",
    "st_negative_offset.safetensors": "offsets out of range",
    "st_float_offset.safetensors": "offsets out of range",
    "st_shape_mismatch.safetensors": "shape does not match the byte range",
    "st_shape_overflow.safetensors": "tensors too large",
    "st_shape_negative.safetensors": "bad shape",
    "st_gap.safetensors": "gap or overlap between tensors",
    "st_trailing.safetensors": "unused bytes at the end",
    "st_duplicate_key.safetensors": "key 'a' is given twice",
    "st_not_json.safetensors": "this is not valid JSON",
    "st_not_object.safetensors": "header does not start with {",
    "st_unknown_dtype.safetensors": "bad tensor entry",
    "st_deep_json.safetensors": "nest more than 64 deep",
    "st_metadata_not_strings.safetensors": "bad metadata",
    "st_bad_utf8.safetensors": "not UTF-8",
  ]
}
