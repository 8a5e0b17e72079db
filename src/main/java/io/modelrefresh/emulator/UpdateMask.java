package io.modelrefresh.emulator;

import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import com.google.protobuf.util.FieldMaskUtil;
import java.util.Set;

/** Which settings an update changes, and whether it may. */
final class UpdateMask {

  static final FieldMaskUtil.MergeOptions REPLACE =
      new FieldMaskUtil.MergeOptions().setReplaceMessageFields(true).setReplaceRepeatedFields(true);

  private UpdateMask() {}

  static FieldMask check(FieldMask mask, Class<? extends Message> of, Set<String> changeable) {
    if (mask.getPathsCount() == 0) {
      throw Refusal.invalid("The update_mask in the request must be set, and must be non-empty.");
    }
    for (String path : mask.getPathsList()) {
      String setting = path.split("\\.", 2)[0];
      if (!FieldMaskUtil.isValid(of, path) || !changeable.contains(setting)) {
        throw Refusal.invalid("Invalid update_mask provided in the request: \"" + path + "\".");
      }
    }
    return mask;
  }
}
