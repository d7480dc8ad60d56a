// Builds the C programs that play into native peers. Without a compiler or the
// headers of CPython it says what is missing, and the peers are left out.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/**
 * Builds `native/pymalloc_replay.c` against the libpython of the `python3` on the PATH.
 *
 * @returns {{ program?: string, version?: string, missing?: string }}
 */
export function buildPymallocReplay() {
  const source = `${here}native/pymalloc_replay.c`;
  const program = `${here}temp/pymalloc_replay`;
  try {
    const python = pythonBuild();
    const fresh = existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs;
    if (!fresh) {
      mkdirSync(`${here}temp`, { recursive: true });
      const flags = ["-O3", `-I${python.include}`, source, "-o", program, `-L${python.libraries}`];
      run("gcc", [...flags, `-Wl,-rpath,${python.libraries}`, `-lpython${python.abi}`]);
    }
    return { program, version: python.version };
  } catch (error) {
    const reason = String(error.stderr || error.message)
      .trim()
      .split("\n")[0];
    return {
      missing: `native pymalloc (${reason}). It needs gcc and CPython's headers: apt-get install gcc python3-dev`,
    };
  }
}

/** Where the headers and the shared library of python3 are. */
function pythonBuild() {
  const script =
    "import sys, sysconfig as s, json; print(json.dumps({'version': sys.version.split()[0], 'abi': s.get_config_var('LDVERSION')," +
    " 'include': s.get_path('include'), 'libraries': s.get_config_var('LIBDIR'), 'shared': bool(s.get_config_var('Py_ENABLE_SHARED'))}))";
  const python = JSON.parse(run("python3", ["-c", script]));
  if (!python.shared) throw new Error(`python3 ${python.version} has no shared library`);
  if (!existsSync(`${python.include}/Python.h`)) throw new Error("Python.h is not installed");
  return python;
}

function run(command, args) {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
