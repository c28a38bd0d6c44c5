package i18n

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// flow follows values through lkdoctor's code, from where they end to the
// literals where they begin: through variables, parameters, fields, results,
// lists and closures, and without regard to conditions.
type flow struct {
	*source
	// from are the expressions that a variable, parameter or field is given,
	// or its elements when it is a list.
	from map[types.Object][]ast.Expr
	// returns are the expressions of a function's results, by function and place.
	returns map[types.Object][][]ast.Expr
	// calls are all calls, bound when it is known what is called.
	calls []*ast.CallExpr
	// bodies are the functions that a variable of function type can hold.
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
	// Twice: what a callback is called with is known only once it is known which
	// closures the callback can be.
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
			f.give(target, values[0]) // the first of several results
		}
	}
}

// give notes that target takes the value of expr.
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

// object is the variable, parameter, field or function that expr names; for an
// element of a list it is the list.
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

// fields notes what a struct literal gives its fields.
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

// results notes what a function returns, not what the closures in it do.
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

// bind notes what a call gives the parameters of what it calls.
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

// held are the closures that a variable can hold, also by way of others.
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

// literals calls found with every string constant that can end in object.
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

// ofCall goes on with the first results of what is called.
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
