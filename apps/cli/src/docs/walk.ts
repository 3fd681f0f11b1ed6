/** The part of docs/cli.md that people write. tools/e2e runs every line of its `sh` blocks, in this order, against a whole installation. */
export const walk = `# oak, the command line

Made by \`npx nx run @oak/cli:docs\` from the commands themselves.

\`oak\` speaks REST with root and needs nothing else. \`npx nx run @oak/cli:build\` makes it: \`apps/cli/dist/main.js\`, for Node 20 and later.

Data goes to stdout, all else to stderr. Colours are for terminals, and not there when \`NO_COLOR\` is set. \`-o json\` and \`-o yaml\` have the shape of the API.
Wherever something is named, an id does, \`shop\`, \`shop/web\`, \`shop/web/0\`, \`web\` if only one is called so, a job name (\`shop.demo.web.demo\`), or the beginning of one of these if
only one begins so. If several do, they are listed.

## A walk

Log in. Without \`--user\` and \`--password-stdin\` oak asks; it never shows or keeps the password. \`$ROOT\` is the address of root, port 10000 if not given.

\`\`\`sh
oak login "$ROOT" --user Admin --password-stdin < password.txt
oak doctor
oak version
\`\`\`

\`shop.yaml\`, an application with two microservices; JSON does as well, and so does a folder of both:

\`\`\`yaml
# shop.yaml
sla_version: v2.0
applications:
  - application_name: shop
    application_namespace: demo
    application_desc: A page, and one that talks
    microservices:
      - microservice_name: web
        microservice_namespace: demo
        virtualization: runc
        code: docker.io/library/nginx:latest
        vcpus: 0.2
        memory: 100
      - microservice_name: talk
        microservice_namespace: demo
        virtualization: runc
        code: docker.io/library/busybox:latest
        cmd: [sh, -c, "trap exit TERM; i=0; while true; do echo line $i; i=$((i + 1)); sleep 1 & wait; done"]
        vcpus: 0.1
        memory: 50
\`\`\`

Check it without asking anybody, ask who would take it, see what would change, and apply it. Applied once more, nothing happens.

\`\`\`sh
oak validate -f shop.yaml
oak explain -f shop.yaml
oak diff -f shop.yaml
oak apply -f shop.yaml --wait
oak apply -f shop.yaml
\`\`\`

What is there, where, and why.

\`\`\`sh
oak get apps
oak get services
oak get instances -o wide
oak get instances -o json | head -3
oak get clusters
oak get nodes
oak get runtimes runc
oak describe shop
oak describe shop/web
oak explain shop/talk/0
oak net trace shop/talk/0 shop/web --port 80
oak net free 2
\`\`\`

Output and events. \`-f\` goes on until Ctrl-C; here \`timeout\` and \`--for\` end them.

\`\`\`sh
oak logs talk --tail 5
timeout --preserve-status -s INT 2 oak logs talk -f > talk.log || test $? = 130
oak events --for 1s
\`\`\`

More, fewer, anew.

\`\`\`sh
oak scale talk 3 --wait
oak logs talk --tail 1
oak scale talk 1 --wait
oak restart talk
\`\`\`

Close a node to new instances, and open it again.

\`\`\`sh
oak node cordon c1n1
oak node ls
oak node uncordon c1n1
\`\`\`

As Oakestra's own command line has it:

\`\`\`sh
oak app ls
oak service ls
oak service deploy talk --wait
oak service inspect talk
oak service scale down talk 1 --wait
oak service undeploy web --wait
oak cluster ls
oak cluster info c1
\`\`\`

Take it away.

\`\`\`sh
oak delete service shop/web --wait
oak delete -f shop.yaml --wait
oak get apps
oak logout
\`\`\`

## Without a terminal

\`--password-stdin\`, or \`OAK_USER\` and \`OAK_PASSWORD\`, or a token in \`OAK_TOKEN\`. With \`OAK_URL\` no file is needed:

\`\`\`sh
OAK_URL="$ROOT" OAK_USER=Admin OAK_PASSWORD="$(cat password.txt)" oak get clusters -q
\`\`\`

| variable | what |
|---|---|
| \`OAK_URL\` | address of root, as \`--url\` |
| \`OAK_CONTEXT\` | the context, as \`--context\` |
| \`OAK_USER\`, \`OAK_PASSWORD\` | log in by these when there is no token |
| \`OAK_TOKEN\` | use this token, and no other |
| \`XDG_CONFIG_HOME\` | \`oakestra/contexts.json\` is in it; \`~/.config\` if not set |
| \`NO_COLOR\` | no colours |
| \`NODE_EXTRA_CA_CERTS\` | a file of certificates to trust, for a root behind HTTPS |

## Words for your shell

\`\`\`sh
eval "$(oak completion bash)"
\`\`\`

\`zsh\` and \`fish\` have theirs. Names are completed too, as root knows them.

## What it does not do

Users, organisations and API tokens have no command yet (\`docs/guide.md\` has the calls), and there is no way into an instance (exec). \`scale\` and \`restart\` deploy and stop instances one by one, and when they
are interrupted, what was done stays. \`events\` begins now.
`;
