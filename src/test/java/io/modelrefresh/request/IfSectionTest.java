package io.modelrefresh.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelrefresh.request.RequestTemplate.Syntax;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.Predicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IfSectionTest {

  private static final String KEY = "model-refresh.models.fraud.server.http.body";

  /** A condition over a, b and c, and what it says of them. */
  private record Condition(String text, Predicate<Values> meaning) {}

  private record Values(boolean a, boolean b, boolean c) {
    static List<Values> all() {
      List<Values> all = new ArrayList<>();
      for (int bits = 0; bits < 8; bits++) {
        all.add(new Values((bits & 1) > 0, (bits & 2) > 0, (bits & 4) > 0));
      }
      return all;
    }
  }

  private static final List<Condition> COMPARISONS =
      List.of(
          new Condition("a", Values::a),
          new Condition("!b", values -> !values.b),
          new Condition("a == c", values -> values.a == values.c),
          new Condition("b ne !c", values -> values.b == values.c),
          new Condition("!a is b", values -> values.a != values.b),
          new Condition("(a == b || !c)", values -> values.a == values.b || !values.c),
          new Condition("!(b and c)", values -> !(values.b && values.c)));

  private static final Set<String> ALONE = Set.of("!b", "!(b and c)");

  @ParameterizedTest
  @CsvSource({"1, &&", "1, ||", "2, &&", "2, or", "3, and", "3, ||"})
  void everyConditionThatIsNotRefusedIsEvaluatedAsItReads(int comparisons, String operator) {
    BinaryOperator<Predicate<Values>> join =
        Set.of("&&", "and").contains(operator) ? Predicate::and : Predicate::or;
    List<Condition> conditions = COMPARISONS;
    for (int joined = 1; joined < comparisons; joined++) {
      conditions =
          conditions.stream()
              .flatMap(
                  first ->
                      COMPARISONS.stream()
                          .map(
                              next ->
                                  new Condition(
                                      first.text + " " + operator + " " + next.text,
                                      join.apply(first.meaning, next.meaning))))
              .toList();
    }

    for (Condition condition : conditions) {
      assertEvaluated("{#if " + condition.text + "}yes{#else}no{/if}", condition);
      String elseIf = "{#if false}{#else if " + condition.text + "}yes{#else}no{/if}";
      if (condition.text.startsWith("!") && !ALONE.contains(condition.text)) {
        assertThatThrownBy(() -> template(elseIf)).hasMessageContaining("cannot begin with !");
      } else {
        assertEvaluated(elseIf, condition);
      }
    }
  }

  private static void assertEvaluated(String text, Condition condition) {
    RequestTemplate template = template(text);
    for (Values values : Values.all()) {
      assertThat(template.render(Map.of("a", values.a, "b", values.b, "c", values.c)))
          .as("%s of %s", text, values)
          .isEqualTo(condition.meaning.test(values) ? "yes" : "no");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      textBlock =
          """
          {#if a b}{/if}                     ; got "b"
          {#if !a !b}{/if}                   ; got "!b"
          {#if !!a}{/if}                     ; got "!a"
          {#if ! !a}{/if}                    ; got "!a"
          {#if !and}{/if}                    ; got "and"
          {#if && a}{/if}                    ; got "&&"
          {#if a &&}{/if}                    ; an operand is missing at the end
          {#if a && !}{/if}                  ; an operand is missing at the end
          {#if a == b == c == d && e}{/if}   ; two comparisons are joined by && or ||
          {#if a && b || c}{/if}             ; (a && b) || c
          {#if a ==b}{/if}                   ; an operator stands between spaces
          {#if a && !(b == c)}{/if}          ; an operand with ! has no comparison in it
          {#if a && (b c)}{/if}              ; got "c"
          {#if a && !(b && (c or !d !e))}{/if} ; got "!e"
          {#if a}{#else if}{/if}             ; an operand is missing at the end
          {#if a}{#else b}{/if}              ; expected {#else} or {#else if condition}
          {#if a}{#else if !b && c}{/if}     ; cannot begin with !
          """)
  void aConditionThatQuteDoesNotEvaluateAsItReadsIsRefused(String text, String problem) {
    assertThatThrownBy(() -> template("one\n{#for i in a}" + text + "{/for}"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(KEY + ": line 2, column ")
        .hasMessageContaining("a condition in {#if} cannot be evaluated: ")
        .hasMessageContaining(problem);
  }

  private static RequestTemplate template(String text) {
    return new RequestTemplate(text, KEY, Syntax.TEXT);
  }
}
