import { idOf, idOrNone, optionsOf } from "./arguments.js";
import type { DatabaseChange, DatabaseOptions, DeployOptions, NewDatabase, OpenOptions, Part, Ref } from "./arguments.js";
import { NativeCaller } from "./caller.js";
import { DeploymentHandle } from "./deployment.js";
import { rebuilt } from "./errors.js";
import { closesAtExit, isClosed } from "./exit.js";
import { sinkFunction, sourceFunction } from "./host.js";
import { native } from "./native.js";
import type { NativeEngine } from "./native.js";
import type {
  Application, ApplicationId, ApplicationSpecInput, Credential, CredentialId, CredentialKind, CredentialSecret,
  Database, DatabaseConnection, DatabaseEngine, DatabaseId, Deployment, DeploymentId, DeploymentRequestInput,
  Page, Plan, Project, ProjectId, Provider, QueueStats, Release, ReleaseId, RuntimeInfo, ServiceLogLine,
  ServiceStats, Status, Timestamp, WebhookAnswer, WorkerId,
} from "./shapes.js";
import type { StreamOptions } from "./stream.js";

/**
 * A deployment engine in this process. What it accepted is durable: when the process ends, the next engine on the same
 * database goes on with it. An idle engine keeps no process alive.
 */
export class Engine implements AsyncDisposable {
  readonly #caller: NativeCaller;
  readonly #worker: WorkerId;

  private constructor(engine: NativeEngine) {
    this.#caller = new NativeCaller(engine);
    this.#worker = engine.worker;
    closesAtExit(engine);
  }

  /**
   * Opens the store, prepares the ways to the container engine and to sources, and starts to work.
   * @throws {DokployError} `invalid_spec` that names the option, `permission_denied`, `unsupported`, `unavailable`
   */
  static async open(options: OpenOptions = {}): Promise<Engine> {
    const { source, eventSink, ...plain } = optionsOf(options);
    try {
      const parts = [source && sourceFunction(source), eventSink && sinkFunction(eventSink)] as const;
      return new Engine(await native.open(JSON.stringify(plain), ...parts));
    } catch (error) {
      throw rebuilt(error);
    }
  }

  /**
   * Brings the database to the form that this version needs, and does nothing else.
   * @throws {DokployError} `invalid_spec`, `unavailable`
   */
  static async migrate({ source: _source, eventSink: _sink, ...plain }: OpenOptions = {}): Promise<void> {
    await native.migrate(JSON.stringify(plain)).catch((error: unknown) => {
      throw rebuilt(error);
    });
  }

  /**
   * Stops: takes no more work, hands back what runs so that another engine (or the next start) goes on, and ends when
   * nothing runs any more. `await using` calls it at the end of a block.
   */
  async close(): Promise<void> {
    const { engine } = this.#caller;
    await engine.close();
    isClosed(engine);
  }

  /** Closes the engine. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Its name in leases and events. */
  get worker(): WorkerId {
    return this.#worker;
  }

  /**
   * What waits and what runs, over all engines on the store.
   * @throws {DokployError} `unavailable`
   */
  async queueStats(): Promise<QueueStats> {
    return this.#caller.call("queueStats", {});
  }

  /**
   * What this engine has done, what waits, and how the store's connections are used, in Prometheus' text format.
   * @throws {DokployError} `unavailable`
   */
  async metricsText(): Promise<string> {
    return this.#caller.call("metricsText", {});
  }

  /**
   * What the container engine is and can do.
   * @throws {DokployError} `unavailable`
   */
  async runtimeInfo(): Promise<RuntimeInfo> {
    return this.#caller.call("runtimeInfo", {});
  }

  /**
   * Makes a project.
   * @throws {DokployError} `invalid_spec`, `already_exists`
   */
  async createProject(name: string, options: { description?: string | undefined } = {}): Promise<Project> {
    return this.#caller.call("createProject", { name, ...optionsOf(options) });
  }

  /**
   * The project, or null.
   * @throws {DokployError} `invalid_spec`
   */
  async findProject(id: ProjectId): Promise<Project | null> {
    return this.#caller.call("findProject", { id });
  }

  /** The project with this name, or null. */
  async findProjectByName(name: string): Promise<Project | null> {
    return this.#caller.call("findProjectByName", { name });
  }

  /**
   * Projects, newest first.
   * @throws {DokployError} `invalid_spec`
   */
  async listProjects(part: Part = {}): Promise<Page<Project>> {
    return this.#caller.call("listProjects", part);
  }

  /**
   * Deletes a project that has no applications. Deleting what is absent is no error.
   * @throws {DokployError} `conflict`
   */
  async deleteProject(project: Ref<ProjectId>): Promise<void> {
    return this.#none("deleteProject", { id: idOf(project) });
  }

  /**
   * Makes an application. New secrets in the specification are sealed before anything is stored.
   * @throws {DokployError} `invalid_spec` with every broken field, `not_found`, `already_exists`
   */
  async createApplication(project: Ref<ProjectId>, spec: ApplicationSpecInput): Promise<Application> {
    return this.#caller.call("createApplication", { project: idOf(project), spec });
  }

  /**
   * The application, or null.
   * @throws {DokployError} `invalid_spec`
   */
  async findApplication(id: ApplicationId): Promise<Application | null> {
    return this.#caller.call("findApplication", { id });
  }

  /**
   * The application with this name in the project, or null.
   * @throws {DokployError} `invalid_spec`
   */
  async findApplicationByName(project: Ref<ProjectId>, name: string): Promise<Application | null> {
    return this.#caller.call("findApplicationByName", { project: idOf(project), name });
  }

  /**
   * Applications, of one project or of all, newest first.
   * @throws {DokployError} `invalid_spec`
   */
  async listApplications({
    project,
    ...part
  }: { project?: Ref<ProjectId> | null | undefined } & Part = {}): Promise<Page<Application>> {
    return this.#caller.call("listApplications", { project: idOrNone(project), ...part });
  }

  /**
   * Replaces the specification of an application, which was read at this version. It takes effect with the next
   * deployment.
   * @throws {DokployError} `invalid_spec` with every broken field, `not_found`, `conflict`
   */
  async updateApplication(
    application: Ref<ApplicationId>,
    version: number,
    spec: ApplicationSpecInput,
  ): Promise<Application> {
    return this.#caller.call("updateApplication", { id: idOf(application), version, spec });
  }

  /**
   * Sets the number of replicas at once, without a deployment.
   * @throws {DokployError} `not_found`, `invalid_spec`, `conflict`
   */
  async scale(application: Ref<ApplicationId>, replicas: number): Promise<Application> {
    return this.#caller.call("scale", { id: idOf(application), replicas });
  }

  /**
   * Stops an application: it keeps its service, with no tasks.
   * @throws {DokployError} `not_found`, `conflict`
   */
  async stop(application: Ref<ApplicationId>): Promise<Application> {
    return this.#caller.call("stop", { id: idOf(application) });
  }

  /**
   * Starts a stopped application with the release that it had.
   * @throws {DokployError} `not_found`, `conflict`
   */
  async start(application: Ref<ApplicationId>): Promise<Application> {
    return this.#caller.call("start", { id: idOf(application) });
  }

  /**
   * Replaces all tasks of an application, with nothing changed.
   * @throws {DokployError} `not_found`, `conflict`
   */
  async restart(application: Ref<ApplicationId>): Promise<void> {
    return this.#none("restart", { id: idOf(application) });
  }

  /**
   * Deletes an application and everything that was made for it but its volumes. Deleting what is absent is no error.
   * @throws {DokployError} `timed_out`, `unavailable`
   */
  async deleteApplication(application: Ref<ApplicationId>): Promise<void> {
    return this.#none("deleteApplication", { id: idOf(application) });
  }

  /**
   * What senders of webhooks for an application sign with; null where an earlier version made it and nobody has rotated
   * it since.
   * @throws {DokployError} `not_found`, `permission_denied`
   */
  async webhookSecret(application: Ref<ApplicationId>): Promise<string | null> {
    return this.#caller.call("webhookSecret", { application: idOf(application) });
  }

  /**
   * Gives an application, which was read at this version, a new webhook secret. What is signed with the old one is
   * refused from then on.
   * @throws {DokployError} `not_found`, `conflict`
   */
  async rotateWebhookSecret(application: Ref<ApplicationId>, version: number): Promise<Application> {
    return this.#caller.call("rotateWebhookSecret", { id: idOf(application), version });
  }

  /**
   * Takes a request of a git host or a registry as it arrived, checks with whose secret it was made, and deploys what it
   * asks for. The body has to be the bytes that were sent, because they are what was signed. `token` is the secret in the
   * address, for registries that can send no header of one's own.
   * @throws {DokployError} `invalid_spec`, `unauthenticated`, `rate_limited`
   */
  async receiveWebhook(
    provider: Provider,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    body: Uint8Array | string,
    { token }: { token?: string | undefined } = {},
  ): Promise<WebhookAnswer> {
    // Of a repeated header the first one counts.
    const single = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]);
    const encoded = Buffer.from(body).toString("base64");
    const query = { provider, headers: Object.fromEntries(single), body: encoded, token };
    return this.#caller.call("receiveWebhook", query);
  }

  /**
   * Output of the tasks of an application: the last `tail` lines of each, only those after `since`, those of one `task`;
   * with `follow`, also what is written from now on.
   * @throws {DokployError} `not_found`, `unavailable`
   */
  serviceLogs(
    application: Ref<ApplicationId>,
    {
      since,
      signal,
      ...args
    }: {
      tail?: number | undefined;
      since?: Timestamp | Date | undefined;
      follow?: boolean | undefined;
      task?: string | undefined;
    } & StreamOptions = {},
  ): AsyncIterableIterator<ServiceLogLine> {
    const query = { id: idOf(application), since, ...args };
    return this.#caller.stream("serviceLogs", query, signal);
  }

  /**
   * Use of processor, memory and network by the tasks of an application.
   * @throws {DokployError} `not_found`, `unavailable`
   */
  async serviceStats(application: Ref<ApplicationId>): Promise<ServiceStats> {
    return this.#caller.call("serviceStats", { id: idOf(application) });
  }

  /**
   * Makes a database with a password and a volume of its own, and deploys it.
   * @throws {DokployError} `not_found`, `invalid_spec`, `already_exists`, `rate_limited`
   */
  async createDatabase(
    project: Ref<ProjectId>,
    name: string,
    engine: DatabaseEngine,
    options: DatabaseOptions = {},
  ): Promise<NewDatabase> {
    const args = { project: idOf(project), name, engine, ...options };
    const made = await this.#caller.call<{ database: Database; deployment: DeploymentId }>("createDatabase", args);
    return { database: made.database, deployment: new DeploymentHandle(this.#caller, made.deployment) };
  }

  /**
   * The database, or null. The application that runs it has its volume, limits, logs and deployments.
   * @throws {DokployError} `invalid_spec`
   */
  async findDatabase(id: DatabaseId): Promise<Database | null> {
    return this.#caller.call("findDatabase", { id });
  }

  /**
   * Databases, of one project or of all, newest first.
   * @throws {DokployError} `invalid_spec`
   */
  async listDatabases({
    project,
    ...part
  }: { project?: Ref<ProjectId> | null | undefined } & Part = {}): Promise<Page<Database>> {
    return this.#caller.call("listDatabases", { project: idOrNone(project), ...part });
  }

  /**
   * Changes image or limits of a database, which was read at this version. It takes effect with the next deployment of its
   * application.
   * @throws {DokployError} `not_found`, `invalid_spec`, `conflict`
   */
  async updateDatabase(database: Ref<DatabaseId>, version: number, change: DatabaseChange = {}): Promise<Database> {
    return this.#caller.call("updateDatabase", { id: idOf(database), version, ...change });
  }

  /**
   * Deletes a database with everything that was made for it. Its data stay, unless `volume` is the name of its volume.
   * Deleting what is absent is no error.
   * @throws {DokployError} `invalid_spec`, `timed_out`, `unavailable`
   */
  async deleteDatabase(database: Ref<DatabaseId>, { volume }: { volume?: string | undefined } = {}): Promise<void> {
    return this.#none("deleteDatabase", { id: idOf(database), volume });
  }

  /**
   * How to connect to a database from within the swarm, its password included.
   * @throws {DokployError} `not_found`, `permission_denied`
   */
  async databaseConnection(database: Ref<DatabaseId>): Promise<DatabaseConnection> {
    return this.#caller.call("databaseConnection", { id: idOf(database) });
  }

  /**
   * Releases of an application, newest first, retired ones included.
   * @throws {DokployError} `invalid_spec`
   */
  async listReleases(application: Ref<ApplicationId>, part: Part = {}): Promise<Page<Release>> {
    return this.#caller.call("listReleases", { application: idOf(application), ...part });
  }

  /**
   * The release, or null.
   * @throws {DokployError} `invalid_spec`
   */
  async findRelease(id: ReleaseId): Promise<Release | null> {
    return this.#caller.call("findRelease", { id });
  }

  /**
   * Accepts a deployment. Durable when the promise resolves; the same idempotency key gives the same deployment.
   * @throws {DokployError} `not_found`, `invalid_spec`, `rate_limited`, `conflict`
   */
  async deploy(
    application: Ref<ApplicationId>,
    { idempotencyKey, planDigest, ...request }: DeployOptions = {},
  ): Promise<DeploymentHandle> {
    const args = { application: idOf(application), request, idempotencyKey, planDigest };
    return new DeploymentHandle(this.#caller, await this.#caller.call("deploy", args));
  }

  /**
   * Accepts a rollback to a retained release, as it was, environment included, without a rebuild. Without a release: to
   * the stable one before the current one.
   * @throws {DokployError} `not_found`, `conflict`, `rate_limited`
   */
  async rollBack(
    application: Ref<ApplicationId>,
    {
      release,
      ...asked
    }: {
      release?: Ref<ReleaseId> | null | undefined;
      actor?: string | undefined;
      idempotencyKey?: string | undefined;
    } = {},
  ): Promise<DeploymentHandle> {
    const args = { application: idOf(application), release: idOrNone(release), ...asked };
    return new DeploymentHandle(this.#caller, await this.#caller.call("rollBack", args));
  }

  /**
   * What a deployment would do, without doing any of it.
   * @throws {DokployError} `not_found`, `invalid_spec`, `source_failed`, `unavailable`
   */
  async plan(application: Ref<ApplicationId>, request: DeploymentRequestInput = {}): Promise<Plan> {
    return this.#caller.call("plan", { application: idOf(application), request });
  }

  /**
   * What a deployment would do if the application of this name in the named project had this specification, whether there
   * is one already or not. Nothing is stored.
   * @throws {DokployError} `invalid_spec`, `source_failed`, `unavailable`
   */
  async preview(project: string, spec: ApplicationSpecInput, request: DeploymentRequestInput = {}): Promise<Plan> {
    return this.#caller.call("preview", { project, spec, request });
  }

  /**
   * Deployments, newest first.
   * @throws {DokployError} `invalid_spec`
   */
  async listDeployments({
    application,
    project,
    ...filter
  }: {
    application?: Ref<ApplicationId> | null | undefined;
    project?: Ref<ProjectId> | null | undefined;
    status?: Status | null | undefined;
  } & Part = {}): Promise<Page<Deployment>> {
    const args = { application: idOrNone(application), project: idOrNone(project), ...filter };
    return this.#caller.call("listDeployments", args);
  }

  /**
   * The deployment, or null.
   * @throws {DokployError} `invalid_spec`
   */
  async findDeployment(id: DeploymentId): Promise<Deployment | null> {
    return this.#caller.call("findDeployment", { id });
  }

  /**
   * A handle of a deployment that was accepted before. Nothing is asked yet.
   * @throws {DokployError} `invalid_spec`
   */
  deployment(id: DeploymentId): DeploymentHandle {
    try {
      native.checkDeploymentId(id);
    } catch (error) {
      throw rebuilt(error);
    }
    return new DeploymentHandle(this.#caller, id);
  }

  /**
   * Stores a credential, sealed. Its secret is never read back.
   * @throws {DokployError} `invalid_spec`, `already_exists`
   */
  async createCredential(
    kind: CredentialKind,
    name: string,
    host: string,
    secret: CredentialSecret,
  ): Promise<Credential> {
    return this.#caller.call("createCredential", { kind, name, host, secret });
  }

  /**
   * The credential without its secret, or null.
   * @throws {DokployError} `invalid_spec`
   */
  async findCredential(id: CredentialId): Promise<Credential | null> {
    return this.#caller.call("findCredential", { id });
  }

  /**
   * Credentials without their secrets, newest first.
   * @throws {DokployError} `invalid_spec`
   */
  async listCredentials(part: Part = {}): Promise<Page<Credential>> {
    return this.#caller.call("listCredentials", part);
  }

  /**
   * Deletes a credential. Applications that name it fail to fetch from then on, and say so.
   * @throws {DokployError} `invalid_spec`
   */
  async deleteCredential(credential: Ref<CredentialId>): Promise<void> {
    return this.#none("deleteCredential", { id: idOf(credential) });
  }

  /** An operation that answers nothing. */
  async #none(operation: string, args: object): Promise<void> {
    await this.#caller.call(operation, args);
  }
}
