const wire = Symbol('wire')
class Response {}
