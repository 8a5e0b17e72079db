package io.modelrefresh.request;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.qute.Engine;
import io.quarkus.qute.Expression;
import io.quarkus.qute.ResultMapper;
import io.quarkus.qute.Template;
import io.quarkus.qute.TemplateException;
import io.quarkus.qute.TemplateNode;
import io.quarkus.qute.ValueResolver;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * A Qute template of part of a request. Every value put into it is escaped for the place it goes
 * to, so no field of an event can change the shape of the request; {@code {updates.json}} writes a
 * value as JSON, and nothing can be written unescaped.
 */
public final class RequestTemplate {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** What a template produces, and so how values are escaped in it. */
  public enum Syntax {
    PATH(RequestPath::escaped),
    /** Values stand within quotes, {@code "{model}"}; numbers and booleans may do without. */
    JSON(text -> new String(JsonStringEncoder.getInstance().quoteAsString(text))),
    FORM(text -> URLEncoder.encode(text, StandardCharsets.UTF_8)),
    /** Plain text has no structure to break out of. */
    TEXT(UnaryOperator.identity());

    private final UnaryOperator<String> escape;
    private final Engine engine;

    Syntax(UnaryOperator<String> escape) {
      this.escape = escape;
      // Its own: Quarkus's resolves what the application registers, and escapes HTML.
      engine =
          Engine.builder()
              .addDefaults()
              .addSectionHelpers(new IfSection(), new LoopSection())
              .addValueResolver(
                  ValueResolver.builder()
                      .appliesTo(context -> context.getName().equals("json"))
                      .applyToParameters(0)
                      .priority(10)
                      .resolveSync(context -> Json.of(context.getBase()))
                      .build())
              .addResultMapper(new Escaping())
              .build();
    }

    /** The syntax of a body, by its content type. */
    public static Syntax of(Map<String, String> headers, String key) {
      String type = headers.get("content-type").split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
      if (type.equals("application/json") || type.endsWith("+json")) {
        return JSON;
      }
      return switch (type) {
        case "application/x-www-form-urlencoded" -> FORM;
        case "text/plain" -> TEXT;
        default ->
            throw new IllegalArgumentException(
                key
                    + ".headers.\"content-type\": expected JSON, application/x-www-form-urlencoded"
                    + " or text/plain, the bodies into which values are written safely, got "
                    + Excerpt.quoted(type));
      };
    }

    private final class Escaping implements ResultMapper {
      @Override
      public boolean appliesTo(TemplateNode.Origin origin, Object result) {
        return true;
      }

      /** Before Qute's own, which would let raw strings through. */
      @Override
      public int getPriority() {
        return 10;
      }

      @Override
      public String map(Object result, Expression expression) {
        if (result instanceof Json json && Syntax.this == JSON) {
          return json.text();
        }
        return escape.apply(result.toString());
      }
    }
  }

  /** A value written as JSON. */
  private record Json(String text) {
    static Json of(Object value) {
      try {
        return new Json(JSON.writeValueAsString(value));
      } catch (JsonProcessingException e) {
        throw new TemplateException(e);
      }
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private final Template template;
  private final String text;
  private final String key;

  /**
   * @param key the configuration key the text comes from
   * @throws IllegalArgumentException naming the key, what is wrong and where
   */
  public RequestTemplate(String text, String key, Syntax syntax) {
    this.text = text;
    this.key = key;
    try {
      template = syntax.engine.parse(text, null, key);
    } catch (TemplateException e) {
      throw problem(e);
    } catch (StackOverflowError e) {
      // Qute's parser nests as deep as the text does.
      throw new IllegalArgumentException(
          key + ": an expression or a section in it nests too deep to be parsed", e);
    } catch (RuntimeException e) {
      // Of Qute's parser, which takes a lone quote, as in {model.a(")}, for a text.
      throw new IllegalArgumentException(
          key + ": an expression in it cannot be parsed: " + Excerpt.of(e.toString()), e);
    }
  }

  /** As configured. */
  public String text() {
    return text;
  }

  /** Whether the variable's value can get into what is rendered. */
  public boolean mayUse(String variable) {
    return template.getExpressions().stream()
        .flatMap(expression -> expression.getParts().stream())
        .map(Expression.Part::getName)
        // "this", at the top of a template, is all variables.
        .anyMatch(name -> name.equals(variable) || name.equals("this"));
  }

  /**
   * @throws IllegalArgumentException naming the key and what could not be rendered
   */
  public String render(Map<String, Object> variables) {
    try {
      return template.data(variables).render();
    } catch (TemplateException e) {
      throw problem(e);
    } catch (RuntimeException e) {
      // Of a resolver of Qute's: "{updates.5}" where there are fewer.
      throw new IllegalArgumentException(key + ": " + Excerpt.of(e.toString()), e);
    }
  }

  /**
   * @throws IllegalArgumentException naming the key, when it renders to no path on the replica;
   *     what it renders to is not quoted, since it has the values in it
   */
  public RequestPath renderPath(Map<String, Object> variables) {
    String path = render(variables);
    RequestPath.problem(path)
        .ifPresent(
            problem -> {
              throw new IllegalArgumentException(
                  key
                      + ": "
                      + problem
                      + ", and "
                      + Excerpt.quoted(text)
                      + " does not render to one");
            });
    return new RequestPath(path);
  }

  private IllegalArgumentException problem(TemplateException e) {
    TemplateNode.Origin origin = e.getOrigin();
    String place =
        origin == null
            ? ""
            : "line " + origin.getLine() + ", column " + origin.getLineCharacterStart() + ": ";
    String said = e.getMessage() == null ? String.valueOf(e.getCause()) : e.getMessage();
    return new IllegalArgumentException(key + ": " + place + Excerpt.of(said), e);
  }
}
