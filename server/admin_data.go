package server

// The routes of the Data page. All are for operators alone.
//
//	GET /admin/v1/collections
//	  {"collections":[{"name","configured","present",
//	     "count","countExact","bytes",                        // of the documents, as BSON
//	     "schema":{..}|null,"schemaFile":"pets.json"|"",
//	     "indexes":[{"name","fields":[{"path","desc"}],"unique","configured","ready","bytes"}],  // bytes 0: not known
//	     "access":{"read":"..."},"preset":{"owner":".."},"default":{..},"immutable":["owner"],
//	     "ids":"client"|"server","scan":0,"file":"hutch.yaml","line":12,"column":3}],"next":""}
//	GET /admin/v1/collections/{name}/fields?sample=200
//	  {"fields":[{"path":"a.b","seen":180,"types":{"string":170,"null":10},"items":{"string":3},
//	     "declared":["string"],"required":true}],"next":"","sampled":200}
//	  types: null bool int long double decimal string date binary objectId array object
//	POST /admin/v1/explain {"query":{..as /data/v1/query..},"as":"guest"|{"uid":".."}}
//	  {"index":"species_-price","bounds":[{"path","desc","conditions":[{"$gt":3}]}],"also":["name"],
//	   "narrowed","sorted","reverse","unindexed","sortInMemory",
//	   "examined","examinedBytes","returned","ms","complete","stopped":"","rule":"always"|"filter"|"scan"|"never","scan":0,
//	   "advice":{"index":"{fields: [cat, -rank]}","yaml":"collections:\n  pets:\n    indexes:\n      - ..","text":".."}|null}
//	POST /admin/v1/data/query {"query":{..},"as":"guest"|{"uid":".."}}   as POST /data/v1/query answers them
//	POST /admin/v1/data/get {"in","id","as"}                             as GET /data/v1/docs/{in}/{id} answers them
//
//	POST /admin/v1/collections/{name}/imports
//	  {"format":"jsonl"|"csv","mode":"create"|"set","columns":["a","b.c"],"types":{"a":"number"},"file":"pets.csv"}
//	  201 Import. Without columns the first record of a CSV is the header. types: auto (the schema's, else guessed)
//	  string number boolean date decimal long objectId binary json skip
//	PUT /admin/v1/imports/{id}/parts/{part}?last=true    body: at most 1 MiB of whole records, any Content-Type
//	  Import. Parts count from 1 and come in order; a part that was done does nothing again. complete:false: the time
//	  of a request was up, send the same part again.
//	GET /admin/v1/imports/{id}, GET /admin/v1/imports, DELETE /admin/v1/imports/{id}
//	  Import: {"id","collection","format","mode","file","columns","state":"open"|"done","complete","parts","lines","created",
//	   "replaced","unchanged","failed","errors":[{"line","id","field","code","reason"}],"by","startedAt","changedAt"}
//	  errors: the first 1,000 (the list of all imports leaves them out)
//	GET /admin/v1/collections/{name}/export?format=jsonl|csv&where={}&orderBy=-price&select=a,b.c&after=..
//	  a page of lines; header Hutch-Next: the cursor of the next page, absent at the end. CSV needs select: its columns;
//	  only the first page has the line of names.
//
//	GET /admin/v1/views?collection=pets   {"views":[{"id","collection","name","shared","mine","owner","view":{..},"updatedAt"}],"next":""}
//	POST /admin/v1/views {"collection","name","shared","view"}, PUT and DELETE /admin/v1/views/{id}
