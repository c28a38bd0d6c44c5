package i18n

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// A flow finds the string literals that can reach a variable or field. It follows
// assignments, parameters, results, lists and closures, and ignores conditions.
type flow struct {
	*source
	// from holds the expressions assigned to a variable, parameter or field, or to
	// its elements.
	from map[types.Object][]ast.Expr
	// returns holds the result expressions of each return statement of a function.
	returns map[types.Object][][]ast.Expr
	// calls holds all calls.
	calls []*ast.CallExpr
	// bodies holds the function literals assigned to a variable.
	bodies map[types.Object][]*ast.FuncLit
}

func newFlow(s *source) *flow {
	f := &flow{
		source: s, from: map[types.Object][]ast.Expr{}, returns: map[types.Object][][]ast.Expr{},
		bodies: map[types.Object][]*ast.FuncLit{},
	}
	for _, file := range s.sorted() {
		ast.Inspect(file, f.visit)
	}
	// The second pass binds the arguments of callbacks, whose closures are known only
	// after the first.
	for range 2 {
		for _, call := range f.calls {
			f.bind(call)
		}
	}
	return f
}

func (f *flow) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		f.assign(n.Lhs, n.Rhs)
	case *ast.ValueSpec:
		names := make([]ast.Expr, len(n.Names))
		for i, name := range n.Names {
			names[i] = name
		}
		f.assign(names, n.Values)
	case *ast.RangeStmt:
		if n.Value != nil {
			f.give(n.Value, n.X)
		}
	case *ast.CompositeLit:
		f.fields(n)
	case *ast.FuncDecl:
		f.results(f.info.Defs[n.Name], n.Body)
	case *ast.CallExpr:
		f.calls = append(f.calls, n)
	}
	return true
}

func (f *flow) assign(to, values []ast.Expr) {
	for i, target := range to {
		switch {
		case len(values) == len(to):
			f.give(target, values[i])
		case len(values) == 1 && i == 0:
			f.give(target, values[0]) // only the first of several results
		}
	}
}

// give records that target takes the value of expr.
func (f *flow) give(target, expr ast.Expr) {
	object := f.object(target)
	if object == nil {
		return
	}
	f.from[object] = append(f.from[object], expr)
	if body, ok := ast.Unparen(expr).(*ast.FuncLit); ok {
		f.bodies[object] = append(f.bodies[object], body)
		f.results(object, body.Body)
	}
}

// object returns the variable, parameter, field or function that expr names. For an
// element of a list it returns the list.
func (f *flow) object(expr ast.Expr) types.Object {
	switch expr := ast.Unparen(expr).(type) {
	case *ast.Ident:
		if object := f.info.Defs[expr]; object != nil {
			return object
		}
		return f.info.Uses[expr]
	case *ast.SelectorExpr:
		if selection := f.info.Selections[expr]; selection != nil {
			return selection.Obj()
		}
		return f.info.Uses[expr.Sel]
	case *ast.IndexExpr:
		return f.object(expr.X)
	case *ast.StarExpr:
		return f.object(expr.X)
	}
	return nil
}

// fields records the field values of a struct literal.
func (f *flow) fields(literal *ast.CompositeLit) {
	kind := f.info.Types[literal].Type
	if kind == nil {
		return
	}
	if pointer, ok := kind.Underlying().(*types.Pointer); ok {
		kind = pointer.Elem()
	}
	fields, ok := kind.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, element := range literal.Elts {
		if pair, keyed := element.(*ast.KeyValueExpr); keyed {
			f.give(pair.Key, pair.Value)
		} else if i < fields.NumFields() {
			f.from[fields.Field(i)] = append(f.from[fields.Field(i)], element)
		}
	}
}

// results records the return values of a function, without those of its closures.
func (f *flow) results(function types.Object, body *ast.BlockStmt) {
	if function == nil || body == nil {
		return
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			f.returns[function] = append(f.returns[function], n.Results)
		}
		return true
	})
}

// bind records the arguments of a call for the parameters of its callee.
func (f *flow) bind(call *ast.CallExpr) {
	if body, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		f.bindTo(call, f.parameters(body))
		return
	}
	object := f.object(call.Fun)
	if object == nil {
		return
	}
	if function, ok := object.(*types.Func); ok {
		var parameters []types.Object
		for p := range function.Signature().Params().Variables() {
			parameters = append(parameters, p)
		}
		f.bindTo(call, parameters)
	}
	for _, body := range f.held(object, map[types.Object]bool{}) {
		f.bindTo(call, f.parameters(body))
	}
}

// held returns the closures that a variable can hold, directly or through others.
func (f *flow) held(object types.Object, seen map[types.Object]bool) []*ast.FuncLit {
	if seen[object] {
		return nil
	}
	seen[object] = true
	bodies := f.bodies[object]
	for _, expr := range f.from[object] {
		if other := f.object(expr); other != nil {
			bodies = append(bodies, f.held(other, seen)...)
		}
	}
	return bodies
}

func (f *flow) parameters(body *ast.FuncLit) []types.Object {
	var parameters []types.Object
	for _, group := range body.Type.Params.List {
		for _, name := range group.Names {
			parameters = append(parameters, f.info.Defs[name])
		}
	}
	return parameters
}

func (f *flow) bindTo(call *ast.CallExpr, parameters []types.Object) {
	for i, argument := range call.Args {
		if len(parameters) == 0 {
			return
		}
		parameter := parameters[min(i, len(parameters)-1)]
		if parameter == nil {
			continue
		}
		f.from[parameter] = append(f.from[parameter], argument)
		if body, ok := ast.Unparen(argument).(*ast.FuncLit); ok {
			f.bodies[parameter] = append(f.bodies[parameter], body)
		}
	}
}

// literals calls found for every string constant that can reach object.
func (f *flow) literals(object types.Object, found func(text string, at token.Pos)) {
	seenObject, seenExpr := map[types.Object]bool{}, map[ast.Expr]bool{}
	var ofObject func(types.Object)
	var ofExpr func(ast.Expr)
	ofObject = func(object types.Object) {
		if object == nil || seenObject[object] {
			return
		}
		seenObject[object] = true
		for _, expr := range f.from[object] {
			ofExpr(expr)
		}
	}
	ofExpr = func(expr ast.Expr) {
		expr = ast.Unparen(expr)
		if seenExpr[expr] {
			return
		}
		seenExpr[expr] = true
		if value := f.info.Types[expr].Value; value != nil && value.Kind() == constant.String {
			found(constant.StringVal(value), expr.Pos())
			return
		}
		switch expr := expr.(type) {
		case *ast.CompositeLit:
			for _, element := range expr.Elts {
				if pair, ok := element.(*ast.KeyValueExpr); ok {
					element = pair.Value
				}
				ofExpr(element)
			}
		case *ast.IndexExpr:
			ofExpr(expr.X)
		case *ast.BinaryExpr:
			ofExpr(expr.X)
			ofExpr(expr.Y)
		case *ast.CallExpr:
			if f.info.Types[expr.Fun].IsType() {
				for _, argument := range expr.Args {
					ofExpr(argument)
				}
				return
			}
			f.ofCall(expr, ofExpr)
		default:
			ofObject(f.object(expr))
		}
	}
	ofObject(object)
}

// ofCall calls next for the first result of each return statement of the callee.
func (f *flow) ofCall(call *ast.CallExpr, next func(ast.Expr)) {
	object := f.object(call.Fun)
	if object == nil {
		return
	}
	returned := f.returns[object]
	for _, body := range f.held(object, map[types.Object]bool{}) {
		holder := &flow{source: f.source, returns: map[types.Object][][]ast.Expr{}}
		holder.results(object, body.Body)
		returned = append(returned, holder.returns[object]...)
	}
	for _, results := range returned {
		if len(results) > 0 {
			next(results[0])
		}
	}
}
