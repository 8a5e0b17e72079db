package io.modelrefresh.infrastructure;

import java.util.List;
import java.util.stream.Stream;

/** Who may do what with which resource, whichever way it was said. */
final class Iam {

  static final String TOPIC_MEMBER = "gcp:pubsub/topicIAMMember:TopicIAMMember";
  static final String SUBSCRIPTION_MEMBER =
      "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember";
  static final String ACCOUNT_MEMBER = "gcp:serviceaccount/iAMMember:IAMMember";

  /**
   * @param on the resource's kind and name
   */
  record Grant(String on, String role, String member) {}

  private Iam() {}

  static List<Grant> grantsOf(Project project) {
    return Stream.of(
            project.all(TOPIC_MEMBER).stream().map(one -> grant("topic", one.input("topic"), one)),
            project.all(SUBSCRIPTION_MEMBER).stream()
                .map(one -> grant("subscription", one.input("subscription"), one)),
            project.all(ACCOUNT_MEMBER).stream()
                .map(
                    one ->
                        grant(
                            "account",
                            one.input("serviceAccountId")
                                .toString()
                                .replaceAll(".*/([^@]*)@.*", "$1"),
                            one)))
        .flatMap(grants -> grants)
        .toList();
  }

  private static Grant grant(String kind, Object name, Project.Resource from) {
    return new Grant(
        kind + " " + name, from.input("role").toString(), from.input("member").toString());
  }
}
