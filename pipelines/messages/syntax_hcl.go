package messages

import "strings"

// Library is the message for what the library that reads HCL and JSON says: its
// summary, a colon, and its detail without the full stop. function is the one
// that was called, where one was. nil when it says what is not known here.
func Library(text, function string) *Error {
	for _, s := range sayings {
		parts, ok := matchPhrase(s.pattern, text)
		if !ok {
			continue
		}
		e := s.means.With("function", function)
		for i, name := range s.names {
			if name != "" {
				e.params = append(e.params, param{name, parts[i]})
			}
		}
		return e
	}
	return nil
}

// saying is one thing the library says. {name} in it is what becomes a parameter
// of the message, {} is left out.
type saying struct {
	pattern string   // with * for each brace
	names   []string // of the stars; "" is left out
	means   *Message
}

// sayings are tried in order: the exact before the general.
var sayings = []saying{
	said("Unclosed configuration block: There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file", hclBlockOpen),
	said("Unclosed configuration body: Found end of file before the end of this configuration body", hclBlockOpen),
	said("Argument or block definition required: An argument or block definition is required here", hclItem),
	said("Argument or block definition required: An argument or block definition is required here. To set an argument, use the equals sign \"=\" to introduce the argument value", hclItem),
	said("Argument definition required: A single-line block definition can contain only a single argument. If you meant to define argument {}, use an equals sign to assign it a value. To define a nested block, place it on a line of its own within its parent block", hclOneLine),
	said("Invalid single-argument block definition: Single-line block syntax can include only one argument definition. To define multiple arguments, use the multi-line block syntax with one argument definition per line", hclOneLine),
	said("Invalid single-argument block definition: An argument definition on the same line as its containing block creates a single-line block definition, which must also be closed on the same line. Place the block's closing brace immediately after the argument definition", hclOneLine),
	said("Invalid single-argument block definition: A single-line block definition must end with a closing brace immediately after its single argument definition", hclOneLine),
	said("Invalid argument name: Argument names must not be quoted", hclQuotedName),
	said("Invalid block definition: The equals sign \"=\" indicates an argument definition, and must not be used when defining a block", hclBlockEquals),
	said("Invalid block definition: A block definition must have block content delimited by \"{\" and \"}\", starting on the same line as the block header", hclBrace),
	said("Invalid block definition: Either a quoted string block label or an opening brace (\"{\") is expected here", hclLabel),
	said("Missing newline after block definition: A block definition must end with a newline", hclAfterBlock),
	said("Missing newline after argument: An argument definition must end with a newline", hclAfterValue),
	said("Extra characters after expression: An expression was successfully parsed, but extra characters were found after it", hclAfterValue),
	said("Unexpected comma after argument: Argument definitions must be separated by newlines, not commas. An argument definition must end with a newline", hclComma),
	said("Unsupported argument: An argument named \"{name}\" is not expected here.{}", hclNotHere),
	said("Unsupported argument: An argument named \"{name}\" is not expected here", hclNotHere),
	said("Unsupported block type: Blocks of type \"{name}\" are not expected here.{}", hclNotHere),
	said("Unsupported block type: Blocks of type \"{name}\" are not expected here", hclNotHere),
	said("Unexpected \"{name}\" block: Blocks are not allowed here", hclNotHere),
	said("Extraneous JSON object property: No argument or block type is named \"{name}\".{}", hclNotHere),
	said("Extraneous JSON object property: No argument or block type is named \"{name}\"", hclNotHere),
	said("Missing required argument: The argument \"{name}\" is required, but no definition was found", hclNeeded),
	said("Missing required argument: The argument \"{name}\" is required, but was not set", hclNeeded),
	said("Extraneous label for {block}: No labels are expected for {} blocks", hclLabels),
	said("Extraneous label for {block}: Only {} labels ({}) are expected for {} blocks", hclLabels),
	said("Missing {} for {block}: All {} blocks must have {} labels ({})", hclLabels),
	said("Missing false expression in conditional: The conditional operator (...?...:...) requires a false expression, delimited by a colon", hclElse),
	said("Missing expression: Expected the start of an expression, but found the end of the file", hclValue),
	said("Invalid expression: Expected the start of an expression, but found an invalid expression token", hclNoExpression),
	said("Invalid number literal: Failed to recognize the value of this number literal", hclNumber),
	said("Unbalanced parentheses: Expected a closing parenthesis to terminate the expression", hclParenthesis),
	said("Unterminated function call: There is no closing parenthesis for this function call before the end of the file. This may be caused by incorrect parenthesis nesting elsewhere in this file", hclParenthesis),
	said("Missing argument separator: A comma is required to separate each function argument from the next", hclArgumentComma),
	said("Missing closing parenthesis: An expanded function argument (with ...) must be immediately followed by closing parentheses", hclExpansionEnd),
	said("Unterminated tuple constructor expression: There is no corresponding closing bracket before the end of the file. This may be caused by incorrect bracket nesting elsewhere in this file", hclList),
	said("Missing item separator: Expected a comma to mark the beginning of the next item", hclListComma),
	said("Missing close bracket on index: The index operator must end with a closing bracket (\"]\")", hclIndex),
	said("Missing close bracket on splat index: The star for a full splat operator must be immediately followed by a closing bracket (\"]\")", hclIndex),
	said("Unclosed index brackets: Index key must be followed by a closing bracket", hclIndex),
	said("Index value required: Index brackets must contain either a literal number or a literal string", hclIndexKey),
	said("Missing attribute value: Expected an attribute value, introduced by an equals sign (\"=\")", hclElementValue),
	said("Missing key/value separator: Expected an equals sign (\"=\") to mark the beginning of the attribute value. If you intended to given an attribute name containing periods or spaces, write the name in quotes to create a string literal", hclElementEquals),
	said("Missing key/value separator: Expected an equals sign (\"=\") to mark the beginning of the attribute value", hclElementEquals),
	said("Unterminated object constructor expression: There is no corresponding closing brace before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file", hclObject),
	said("Missing attribute separator: Expected a newline or comma to mark the beginning of the next attribute", hclElementComma),
	said("Invalid attribute name: An attribute name is required after a dot", hclAfterDot),
	said("Attribute name required: Dot must be followed by attribute name", hclAfterDot),
	said("Nested splat expression not allowed: A splat expression (*) cannot be used inside another attribute-only splat expression", hclStar),
	said("Attribute name required: Splat expressions (.*) may not be used here", hclStar),
	said("Attribute name required: Splat expressions ([*]) may not be used here", hclStar),
	said("Invalid nested splat expressions: The second level of splat expression produced elements of different types, so it isn't possible to construct a valid list to represent the top-level result.\n\nConsider using a for expression instead, to produce a tuple-typed result which can therefore have non-homogenous element types", hclStar),
	said("Invalid legacy index syntax: When using the legacy index syntax, chaining two indexes together is not permitted. Use the proper index syntax instead, like {example}", hclOldIndex),
	said("Invalid legacy index syntax: When using the legacy index syntax, chaining two indexes together is not permitted. Use the proper index syntax with a full splat expression [*] instead, like {example}", hclOldIndex),
	said("Missing function name: Function scope resolution symbol :: must be followed by a function name in this scope", hclColons),
	said("Missing open parenthesis: Function selector must be followed by an open parenthesis to begin the function call", hclColons),
	said("Call to unknown function: There are no functions in namespace \"{}\"", hclColons),
	said("Invalid 'for' expression: For expression requires variable name after 'for'", hclForNames),
	said("Invalid 'for' expression: For expression requires value variable name after comma", hclForNames),
	said("Invalid 'for' directive: For directive requires variable name after 'for'", hclForNames),
	said("Invalid 'for' directive: For directive requires value variable name after comma", hclForNames),
	said("Invalid 'for' expression: For expression requires the 'in' keyword after its name declarations", hclForIn),
	said("Invalid 'for' directive: For directive requires 'in' keyword after names", hclForIn),
	said("Invalid 'for' expression: For expression requires a colon after the collection expression", hclForColon),
	said("Invalid 'for' expression: Extra characters after the end of the 'for' expression", hclForEnd),
	said("Invalid 'for' expression: Key expression is not valid when building a tuple", hclForList),
	said("Invalid 'for' expression: Grouping ellipsis (...) cannot be used when building a tuple", hclForList),
	said("Invalid 'for' expression: Key expression is required when building an object", hclForObject),
	said("Invalid string literal: A quoted string is required here", hclText),
	said("Invalid string literal: Template sequences are not allowed in this string. To include a literal \"{sign}\", double it (as \"{}\") to escape it", hclTextPlain),
	said("Invalid string literal: This item is not valid in a string literal", hclTextItem),
	said("Invalid multi-line string: Quoted strings may not be split over multiple lines. To produce a multi-line string, either use the \\n escape to represent a newline character or use the \"heredoc\" multi-line template syntax", hclTextOpen),
	said("Unterminated string literal: Unable to find the closing quote mark before the end of the file", hclTextOpen),
	said("Unterminated template string: No closing marker was found for the string", hclTextOpen),
	said("Invalid escape sequence: Backslash must be followed by an escape sequence selector character", hclEscape),
	said("Invalid escape sequence: The symbol \"{}\" is not a valid escape sequence selector", hclEscape),
	said("Invalid escape sequence: The \\u escape sequence must be followed by four hexadecimal digits", hclUnicode),
	said("Invalid escape sequence: The \\U escape sequence must be followed by eight hexadecimal digits", hclUnicode),
	said("Invalid escape sequence: Cannot encode character {} in UTF-8", hclUnicode),
	said("Unclosed template interpolation sequence: There is no closing brace for this interpolation sequence before the end of the file. This might be caused by incorrect nesting inside the given expression", hclTemplate),
	said("Unclosed template interpolation sequence: There is no closing brace for this interpolation sequence before the end of the quoted template. This might be caused by incorrect nesting inside the given expression", hclTemplate),
	said("Extra characters after interpolation expression: Template interpolation doesn't expect a colon at this location. Did you intend this to be a literal sequence to be processed as part of another language? If so, you can escape it by starting with \"$${\" instead of just \"${\"", hclTemplateMore),
	said("Extra characters after interpolation expression: Expected a closing brace to end the interpolation expression, but found extra characters.\n\nThis can happen when you include interpolation syntax for another language, such as shell scripting, but forget to escape the interpolation start token. If this is an embedded sequence for another language, escape it by starting with \"$${\" instead of just \"${\"", hclTemplateMore),
	said("Unexpected end of template: The control directives within this template are unbalanced", hclDirectives),
	said("Unexpected {} directive: The control directives within this template are unbalanced", hclDirectives),
	said("Unexpected end of template: The {name} directive at {where} is missing its corresponding {} directive", hclDirectiveOpen),
	said("Unexpected end of template: The {name} directive at {where} is missing its corresponding {} directive", hclDirectiveOpen),
	said("Unexpected {} directive: Expecting an {} directive for the {name} started at {where}", hclDirectiveOpen),
	said("Unexpected {} directive: Expecting an {} directive corresponding to the {name} directive at {where}", hclDirectiveOpen),
	said("Unexpected else directive: Already in the else clause for the if started at {}", hclDirectiveElse),
	said("Unexpected else directive: An else clause is not expected for a for directive", hclDirectiveElse),
	said("Invalid template directive: A template directive keyword (\"if\", \"for\", etc) is expected at the beginning of a %{ sequence", hclDirective),
	said("Invalid template control keyword: \"{}\" is not a valid template control keyword.{}", hclDirective),
	said("Invalid template control keyword: \"{}\" is not a valid template control keyword", hclDirective),
	said("Extra characters in {name} marker: Expected a closing brace to end the sequence, but found extra characters", hclDirectiveEnd),
	said("Invalid character: Single quotes are not valid. Use double quotes (\") to enclose strings", hclApostrophe),
	said("Invalid character: \"Curly quotes\" are not valid here. These can sometimes be inadvertently introduced when sharing code via documents or discussion forums. It might help to replace the character with a \"straight quote\"", hclCurly),
	said("Invalid character: The \";\" character is not valid. Use newlines to separate arguments and blocks, and commas to separate items in collection values", hclSemicolon),
	said("Invalid character: Tab characters may not be used. The recommended indentation style is two spaces per indent", hclTab),
	said("Invalid character: The \"`\" character is not valid. To create a multi-line string, use the \"heredoc\" syntax, like \"<<EOT\"", hclBacktick),
	said("Invalid character: This character is not used within the language", hclCharacter),
	said("Invalid character: Expected an attribute access or an index operator", hclCharacter),
	said("Invalid character encoding: All input files must be UTF-8 encoded. Ensure that UTF-8 encoding is selected in your editor", hclUTF8),
	said("Unsupported operator: Bitwise operators are not supported.{}", hclBits),
	said("Unsupported operator: Bitwise operators are not supported", hclBits),
	said("Unsupported operator: \"**\" is not a supported operator. Exponentiation is not supported as an operator", hclPower),
	said("Invalid expression: A static function call is required", hclCall),
	said("Invalid expression: A static list expression is required", hclStaticList),
	said("Invalid expression: A static map expression is required", hclStaticObject),
	said("Invalid expression: A single static variable reference is required: only attribute access and indexing with constant keys. No calculations, function calls, template expressions, etc are allowed here", hclReference),
	said("Variable name required: Must begin with a variable name", hclReference),
	said("Variables not allowed: Variables may not be used here", hclNoNames),
	said("Function calls not allowed: Functions may not be called here", hclNoCalls),
	said("Attempt to index null value: This value is null, so it does not have any indices", hclNullValue),
	said("Attempt to get attribute from null value: This value is null, so it does not have any attributes", hclNullValue),
	said("Splat of null value: Splat expressions (with the * symbol) cannot be applied to null sequences", hclNullValue),
	said("Iteration over null value: A null value cannot be used as the collection in a 'for' expression", hclNullValue),
	said("Invalid index: Can't use a null value as an indexing key", hclNullKey),
	said("Null value as key: Can't use a null value as a key", hclNullKey),
	said("Invalid object key: Key expression in 'for' expression must not produce a null value", hclNullKey),
	said("Invalid object key expression: Cannot use null value as an object key", hclNullKey),
	said("Invalid index: The given key does not identify an element in this collection value: {why}", hclKey),
	said("Incorrect key type: Can't use this value as a key: {why}", hclKey),
	said("Invalid object key: The key expression produced an invalid result: {why}", hclKey),
	said("Invalid object key expression: Cannot use this expression as an object key: {why}", hclKey),
	said("Invalid index: The given key does not identify an element in this collection value{}", hclNoSuchElement),
	said("Invalid index: This value does not have any indices", hclNoElements),
	said("Invalid index: Elements of a set are identified only by their value and don't have any separate index or key to select with, so it's only possible to perform operations across all elements of the set", hclNoElements),
	said("Unsupported attribute: This value does not have any attributes", hclNoElements),
	said("Unsupported attribute: Can't access attributes on a primitive-typed value ({})", hclNoElements),
	said("Unsupported attribute: Can't access attributes on a list of objects. {}", hclListAttribute),
	said("Unsupported attribute: Can't access attributes on a set of objects. {}", hclListAttribute),
	said("Invalid expanding argument value: The expanding argument (indicated by ...) must not be null", hclExpansion),
	said("Invalid expanding argument value: The expanding argument (indicated by ...) must be of a tuple, list, or set type", hclExpansion),
	said("Not enough function arguments: Function \"{name}\" expects {count} argument(s). Missing value for \"{missing}\"", hclTooFew),
	said("Too many function arguments: Function \"{name}\" expects only {count} argument(s)", hclTooMany),
	said("Invalid function argument: Invalid value for \"{name}\" parameter: {why}", hclArgument),
	said("Error in function call: Call to function \"{name}\" failed: {why}", hclCallFailed),
	said("Inconsistent conditional result types: The true and false result expressions must have consistent types. {why}", hclBranches),
	said("Inconsistent conditional result types: The true result value has the wrong type: {why}", hclBranches),
	said("Inconsistent conditional result types: The false result value has the wrong type: {why}", hclBranches),
	said("Null condition: The condition value is null. Conditions must either be true or false", hclNullCondition),
	said("Condition is null: The value of the 'if' clause must not be null", hclNullCondition),
	said("Invalid 'for' condition: The value of the 'if' clause must not be null", hclNullCondition),
	said("Incorrect condition type: The condition expression must be of type bool", hclCondition),
	said("Invalid 'for' condition: The 'if' clause value is invalid: {}", hclCondition),
	said("Ambiguous attribute key: If this expression is intended to be a reference, wrap it in parentheses. If it's instead intended as a literal name containing periods, wrap it in quotes to create a string literal", hclAmbiguousKey),
	said("Iteration over non-iterable value: A value of type {} cannot be used as the collection in a 'for' expression", hclForWhat),
	said("Duplicate object key: Two different items produced the key {key} in this 'for' expression. If duplicates are expected, use the ellipsis (...) after the value expression to enable grouping by key", hclForKeyTwice),
	said("Invalid operand: Unsuitable value for left operand: {why}", hclOperand),
	said("Invalid operand: Unsuitable value for right operand: {why}", hclOperand),
	said("Invalid operand: Unsuitable value for unary operand: {why}", hclOperand),
	said("Operation failed: Error during operation: {why}", hclOperation),
	said("Invalid template interpolation value: The expression result is null. Cannot include a null value in a string template", hclNullInText),
	said("Invalid template interpolation value: An iteration result is null. Cannot include a null value in a string template", hclNullInText),
	said("Invalid template interpolation value: Cannot include the given value in a string template: {why}", hclInText),
	said("Invalid template interpolation value: Cannot include one of the interpolation results into the string template: {why}", hclInText),
	said("Extraneous data after value: Extra characters appear after the JSON value", jsonMore),
	said("Missing JSON value: A JSON value must start with a brace, a bracket, a number, a string, or a keyword", jsonValue),
	said("Missing array element value: A JSON value must start with a brace, a bracket, a number, a string, or a keyword", jsonValue),
	said("Invalid start of value: A JSON value must start with a brace, a bracket, a number, a string, or a keyword", jsonValue),
	said("Missing value: The JSON data ends prematurely", jsonEnd),
	said("Invalid object property name: A JSON object property name must be a string", jsonName),
	said("Missing object value: A JSON object attribute must have a value, introduced by a colon", jsonNoValue),
	said("Missing property value colon: JSON uses a colon as its name/value delimiter, not an equals sign", jsonColon),
	said("Missing property value colon: A colon must appear between an object property's name and its value", jsonColon),
	said("Trailing comma in object: JSON does not permit a trailing comma after the final property in an object", jsonLastComma),
	said("Trailing comma in array: JSON does not permit a trailing comma after the final value in an array", jsonLastComma),
	said("Unclosed object: No closing brace was found for this JSON object", jsonObject),
	said("Mismatched braces: A JSON object must be closed with a brace, not a bracket", jsonObject),
	said("Unclosed object: No closing bracket was found for this JSON array", jsonList),
	said("Mismatched brackets: A JSON array must be closed with a bracket, not a brace", jsonList),
	said("Missing attribute seperator comma: A comma must appear between each property definition in an object", jsonComma),
	said("Missing attribute seperator comma: A comma must appear between each value in an array", jsonComma),
	said("Invalid array value: A colon is not used to introduce values in a JSON array", jsonListColon),
	said("Invalid JSON number: There is a syntax error in the given JSON number", jsonNumber),
	said("Invalid JSON string: There is a syntax error in the given JSON string", jsonText),
	said("Invalid JSON keyword: The JavaScript identifier \"{name}\" cannot be used in JSON", jsonWord),
	said("Invalid JSON keyword: \"{name}\" is not a valid JSON keyword.{}", jsonWord),
	said("Invalid JSON keyword: \"{name}\" is not a valid JSON keyword", jsonWord),
	said("Root value must be object: The root value in a JSON-based configuration must be either a JSON object or a JSON array of objects", jsonRoot),
	said("Incorrect JSON value type: A JSON object is required here, setting the arguments for this block", jsonBlock),
	said("Incorrect JSON value type: Either a JSON object or a JSON array is required, representing the contents of one or more \"{}\" blocks", jsonBlock),
	said("Incorrect JSON value type: A JSON object is required here, to define arguments and child blocks", jsonBlock),
	said("Incorrect JSON value type: Either a JSON object or JSON array of objects is required here, to define arguments and child blocks", jsonBlock),
	said("Incorrect JSON value type: A JSON object is required here, to specify {label} labels for this block", jsonLabel),
	said("Incorrect JSON value type: Either a JSON object or JSON array of objects is required here, to specify {label} labels for this block", jsonLabel),
	said("Missing block label: At least one object property is required, whose name represents the {} block's {label}", jsonLabel),
	said("Attribute redefined: The argument \"{name}\" was already set at {where}. Each argument may be set only once", DuplicateBlock),
	said("Duplicate argument: Argument \"{name}\" was already set at {where}", DuplicateBlock),
	said("Duplicate argument: The argument \"{name}\" was already set at {where}", DuplicateBlock),
	said("Duplicate attribute definition: The argument \"{name}\" was already set at {where}", DuplicateBlock),
	said("Duplicate object attribute: An attribute named \"{name}\" was already defined at {where}", DuplicateBlock),
	said("Unsupported attribute: This object does not have an attribute named {key}", NoElement),
	said("Missing map element: This map does not have an element with the key {key}", NoElement),
}

func said(text string, means *Message) saying {
	s := saying{means: means}
	for {
		before, rest, more := strings.Cut(text, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !more || !closed || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") != "" {
			s.pattern += text
			return s
		}
		s.names = append(s.names, make([]string, strings.Count(before, "*"))...) // a star that the library itself says
		s.pattern, s.names, text = s.pattern+before+"*", append(s.names, name), after
	}
}
